/**
 * A workflow of 8 executors and 22 steps whose every effect would show if it were lost or doubled:
 * counts, lists in a fixed order, private state, entries and a list of the app.
 */
import { systemClock } from '../../../src/internal/clock.ts';
import { seededRandom } from '../../../src/internal/random.ts';
import type { App } from '../../../src/store/index.ts';
import { direct, execute, fanIn, fanOut, workflow } from '../../../src/workflow/index.ts';
import type { Execution, ExecutorContext, Handler, Workflow } from '../../../src/workflow/index.ts';

export const rounds = 7;
export const steps = 3 * rounds + 1;
const workers = ['w1', 'w2', 'w3', 'w4', 'w5', 'w6'];

/** `pauseMs` is the longest that an executor takes, so that a kill meets it at work. */
export function counted(app: App, seed: number, pauseMs: number): Workflow {
  const random = seededRandom(seed);
  const counts = app.scope<number>('counts');
  const log = app.list<string>('log');

  async function leave(context: ExecutorContext, round: number): Promise<void> {
    const { executor, state } = context;
    state.update('turns', [{ op: 'increment' }]);
    state.set(`last/${executor}`, { round, by: executor });
    if (round % 2 === 0) state.delete(`odd/${executor}`);
    else state.set(`odd/${executor}`, round);
    state.list('turns').append(`${round} ${executor}`);
    state.list('recent').append(round);
    context.private.set('turns', context.private.get('turns', 0) + 1);
    context.app.update(counts, executor, [{ op: 'increment' }]);
    context.app.update(counts, 'all', [{ op: 'increment' }]);
    context.app.append(log, `${round} ${executor}`);
    if (pauseMs > 0) await systemClock.sleep(random.float() * pauseMs);
  }

  const lead: Handler = async (round: number, context) => {
    await leave(context, round);
    if (round < rounds) context.send(round);
    else context.output({ turns: context.state.get('turns') });
  };
  const work: Handler = async (round: number, context) => {
    await leave(context, round);
    context.send({ round, by: context.executor });
  };
  const judge: Handler = async (reports: readonly { round: number }[], context) => {
    const round = reports[0]?.round ?? 0;
    await leave(context, round);
    context.state.list('recent').keepLast(5);
    context.state.set('reports', reports);
    context.send(round + 1);
  };
  return workflow({
    name: 'counted',
    start: 'lead',
    executors: {
      lead,
      ...Object.fromEntries(workers.map((name) => [name, work])),
      judge,
    },
    edges: [fanOut('lead', workers), fanIn(workers, 'judge'), direct('judge', 'lead')],
  });
}

export function play(app: App, seed: number, pauseMs = 0): Execution {
  const keep = seed % 3 === 0 ? { last: 3 } : undefined;
  return execute(app, counted(app, seed, pauseMs), { run: 'r', input: 0, waitMs: 20_000, keep });
}

/** Everything that the workflow left, in the run and in the app. */
export async function traces(app: App): Promise<unknown> {
  const runs = app.runs('counted');
  const latest = await runs.latest('r');
  const loaded = await runs.load('r', latest?.id ?? -1);
  const counts: Record<string, unknown> = {};
  for await (const { key, value } of app.scope('counts').entries()) counts[key] = value;
  const { checkpoint, state } = loaded ?? {};
  return {
    status: checkpoint?.status,
    step: checkpoint?.step,
    messages: checkpoint?.messages,
    state: state?.keys().map((key) => [key, state.get(key)]),
    turns: state?.list('turns').range(),
    recent: state?.list('recent').range(),
    outputs: state?.reservedList('$outputs').range(),
    own: ['lead', 'judge', ...workers].map((name) => loaded?.private(name).get('turns')),
    counts,
    log: await app.list('log').range(),
  };
}
