/** Answers from outside to what a run asked: given by anybody, taken once. */
import type { Check } from '../../ledger/index.ts';
import { answerKey, checkRequestId, requestKey } from './keyspace.ts';
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
