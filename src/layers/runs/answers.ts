/** Answers from outside to what a run asked: given by anybody, taken once. */
import { HoldfastError } from '../../errors/index.ts';
import type { Check } from '../../ledger/index.ts';
import { answerKey, answerPrefix, checkRequestId, requestKey } from './keyspace.ts';
import { patiently } from './checkpoints/publish.ts';
import type { RunHome } from './checkpoints/run-home.ts';

/** What became of an answer: taken, or there was one already, or nobody waits for it. */
export type AnswerOutcome = 'accepted' | 'answered' | 'not_pending';

const nonceBytes = 8;

interface StoredAnswer {
  /** Tells an answerer its own from another's after a lost reply. */
  readonly by: string;
  readonly value: unknown;
}

export async function giveAnswer(
  home: RunHome,
  request: string,
  value: unknown,
): Promise<AnswerOutcome> {
  checkRequestId(request);
  const [asked, answer] = [home.ref(requestKey(request)), home.ref(answerKey(request))];
  const by = home.host.random.hex(nonceBytes);
  const [pending] = await home.host.ledger.read([asked]);
  if (pending === undefined) return 'not_pending';
  const stored: StoredAnswer = { by, value };
  const checks: Check[] = [
    { kind: 'version', ...asked, version: pending.version },
    { kind: 'version', ...answer, version: 0 },
  ];
  const outcome = await patiently(() =>
    home.host.commit({ checks, mutations: [{ kind: 'set', ...answer, value: stored }] }),
  );
  if (outcome.kind === 'committed') return 'accepted';
  const there = (await home.entry(answer.key))?.value.decode() as StoredAnswer | undefined;
  if (there === undefined) return 'not_pending';
  return there.by === by ? 'accepted' : 'answered';
}

export async function readAnswers(
  home: RunHome,
  requests: readonly string[],
): Promise<ReadonlyMap<string, unknown>> {
  const answers = new Map<string, unknown>();
  const refs = requests.map((request) => home.ref(answerKey(request)));
  const entries = await home.host.reads.readAll(refs);
  for (const [index, request] of requests.entries()) {
    const entry = entries[index];
    if (entry !== undefined) answers.set(request, (entry.value.decode() as StoredAnswer).value);
  }
  return answers;
}

/** Resolves when there is an answer to one of the requests. Throws `aborted`. */
export async function awaitAnswer(
  home: RunHome,
  requests: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const { ledger } = home.host;
  while (!signal.aborted) {
    const { position: after } = await ledger.head();
    if ((await readAnswers(home, requests)).size > 0) return;
    const filter = { scope: home.scope, prefix: answerPrefix, keysOnly: true } as const;
    for await (const page of ledger.watch({ ...filter, after, signal })) {
      if (page.kind !== 'commits' || page.commits.length > 0) break;
    }
  }
  throw new HoldfastError('aborted', `nobody answered '${home.run}' before it was stopped`);
}
