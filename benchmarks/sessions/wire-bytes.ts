/** What each way sends, counted on the link itself: the same in every run. */
import { open } from '../../src/index.ts';
import { linkPair, SessionHost, SessionWorker, sqliteCodec } from '../../src/sessions/index.ts';
import type { Link } from '../../src/sessions/index.ts';
import { quantile } from '../measure.ts';
import type { Report } from '../report.ts';
import { agents, contenderNames, contenders, patchCodec, snapshotCodec } from './contenders.ts';
import type { Contender } from './contenders.ts';
import type { Replay } from './conversations.ts';

interface TurnBytes {
  /** Of the new messages as JSON: what cannot be saved. */
  readonly messages: number;
  /** Of the frame with the answer. */
  readonly answer: number;
  /** Of everything but the input, both ways. */
  readonly both: number;
}

export async function measureBytes(report: Report, replays: readonly Replay[]): Promise<void> {
  for (const contender of contenderNames) {
    const turns = await count(contender, replays);
    const later = turns.filter(({ messages }) => messages > 0);
    const answers = later.map(({ answer }) => answer);
    const total = sum(later.map(({ both }) => both));
    const messages = sum(later.map((turn) => turn.messages));
    const within = later.filter((turn) => turn.answer <= turn.messages * 1.2 + 160).length;
    const isJudged = contender === 'structured';
    report.add({
      question: `bytes sent: ${contenders[contender]}`,
      target: isJudged ? 'every answer at most 1.2 x the new messages + 160' : 'to compare',
      met: isJudged ? within === later.length : undefined,
      figures: {
        turns: later.length,
        'answer p50': quantile(answers, 0.5),
        'answer p99': quantile(answers, 0.99),
        'messages p50': quantile(
          later.map((turn) => turn.messages),
          0.5,
        ),
        'all bytes': total,
        'of the messages': total / messages,
        'worst overhead': Math.max(...later.map((turn) => turn.answer - turn.messages)),
        'answers within 1.2 x + 160': within / later.length,
      },
    });
  }
}

async function count(contender: Contender, replays: readonly Replay[]): Promise<TurnBytes[]> {
  await using store = await open('memory:');
  const codecs = [sqliteCodec, patchCodec, snapshotCodec];
  await using host = new SessionHost(store.app('bench'), { codecs });
  const worker = new SessionWorker({ agents });
  const [ours, theirs] = linkPair();
  const sent = { toWorker: 0, toHost: 0 };
  host.attach(counted(ours, (bytes) => (sent.toWorker += bytes)));
  void worker.serve(counted(theirs, (bytes) => (sent.toHost += bytes)));
  const turns: TurnBytes[] = [];
  for (const { id, turns: inputs } of replays) {
    for (const [index, input] of inputs.entries()) {
      const before = { ...sent };
      await host.turn({ session: id, id: `${index}`, agent: contender, input });
      const messages = Buffer.byteLength(JSON.stringify(input));
      const answer = sent.toHost - before.toHost;
      const asked = sent.toWorker - before.toWorker - messages;
      turns.push({ messages, answer, both: answer + asked });
    }
  }
  return turns;
}

function counted(link: Link, add: (bytes: number) => void): Link {
  return {
    send(frame) {
      add(frame.byteLength);
      link.send(frame);
    },
    close: () => link.close(),
    listen: (listener) => link.listen(listener),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}
