/** What the tests of runs do again and again. */
import type { Run, StepView } from '../../layers/runs/index.ts';
import type { LayerWorld } from '../layer-world.ts';

export function runsOf({ app }: LayerWorld) {
  return app.runs('flow');
}

/** One step of one executor. */
export async function stepBy(
  run: Run,
  work: (view: StepView) => void,
  executor = 'a',
): Promise<number> {
  const step = run.step();
  work(step.view(executor));
  return (await step.commit()).checkpoint;
}

/** All of a run's shared state, for comparison. */
export function stateOf(run: { readonly state: Run['state'] }): Record<string, unknown> {
  return Object.fromEntries(run.state.keys().map((key) => [key, run.state.get(key)]));
}
