/**
 * The same on LangGraph.js with its SQLite saver: a graph of one node that loops, `durability:
 * 'sync'`, and the database set to sync each commit, as ours does.
 *
 * `full` keeps the state in an ordinary channel, which is stored whole with every checkpoint;
 * `delta` in its delta channel (beta), which stores what was written and a snapshot now and then.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { folderBytes, loadTime } from './measured.ts';
import type { Measured } from './measured.ts';
import type { Change, Steps, Workload } from './workload.ts';

export type Variant = 'full' | 'delta';

interface State {
  readonly keys: Readonly<Record<string, unknown>>;
  readonly messages: readonly unknown[];
}

interface Config {
  readonly configurable: { readonly thread_id: string; readonly checkpoint_id?: string };
}

interface Graph {
  invoke(input: unknown, options: object): Promise<unknown>;
  getState(config: Config): Promise<{ readonly values: State }>;
  getStateHistory(config: Config): AsyncIterable<{
    readonly config: Config;
    readonly metadata?: { readonly step?: number };
  }>;
}

interface Saver {
  readonly db: { pragma(text: string): unknown; close(): void };
}

interface Library {
  readonly StateGraph: new (state: unknown) => GraphBuilder;
  readonly Annotation: ((options: object) => unknown) & { Root(channels: object): unknown };
  readonly DeltaChannel: new (reducer: unknown, options: object) => unknown;
  readonly START: string;
  readonly END: string;
}

interface GraphBuilder {
  addNode(name: string, work: (state: State) => unknown): GraphBuilder;
  addEdge(from: string, to: string): GraphBuilder;
  addConditionalEdges(from: string, choose: () => string): GraphBuilder;
  compile(options: object): Graph;
}

const peer = process.env['LANGGRAPH_DIR'] ?? join(import.meta.dirname, 'peer');
export const isInstalled = existsSync(join(peer, 'node_modules/@langchain/langgraph'));
export const howToInstall = 'npm install --ignore-scripts --prefix benchmarks/runs/peer';

async function load<T>(path: string): Promise<T> {
  return (await import(pathToFileURL(join(peer, 'node_modules/@langchain', path)).href)) as T;
}

export async function measureLangGraph(
  workload: Workload,
  variant: Variant,
  parent: string,
): Promise<Measured> {
  const library = await load<Library>('langgraph/dist/index.js');
  const { SqliteSaver } = await load<{
    SqliteSaver: { fromConnString(path: string): Saver };
  }>('langgraph-checkpoint-sqlite/dist/index.js');
  const folder = mkdtempSync(join(parent, `${variant}-`));
  const path = join(folder, 'store.db');
  const steps: number[] = [];
  const saver = SqliteSaver.fromConnString(path);
  // The saver makes its tables, and turns WAL on, when it is first used.
  const first = graphOf(library, variant, saver, [], []);
  await first.getState(configOf('none'));
  saver.db.pragma('synchronous = FULL');
  for (const one of workload.runs) await play(library, variant, saver, one, steps);
  const diskBytes = folderBytes(folder);
  saver.db.close();
  const closedBytes = folderBytes(folder);
  const again = SqliteSaver.fromConnString(path);
  const graph = graphOf(library, variant, again, [], []);
  const { length } = workload.runs;
  const run = (index: number) => workload.runs[index % length]!;
  const middles = new Map<string, Config>();
  for (let index = 0; index <= Math.min(8, length - 1); index += 1) {
    middles.set(run(index).id, await middleOf(graph, run(index)));
  }
  const loadLatestMs = await loadTime(async (index) => {
    const { values } = await graph.getState(configOf(run(index).id));
    check(values, run(index), run(index).steps.length);
  });
  const loadMiddleMs = await loadTime((index) => graph.getState(middles.get(run(index).id)!));
  again.db.close();
  rmSync(folder, { recursive: true });
  return { steps, diskBytes, closedBytes, loadLatestMs, loadMiddleMs };
}

function check({ messages }: State, { steps }: Steps, count: number): void {
  const appended = steps.filter((change) => 'append' in change).length;
  if (appended > 0 && messages.length !== count) throw new Error('not the last step');
}

function configOf(thread: string): Config {
  return { configurable: { thread_id: thread } };
}

async function middleOf(graph: Graph, { id, steps }: Steps): Promise<Config> {
  for await (const { config, metadata } of graph.getStateHistory(configOf(id))) {
    if (metadata?.step === Math.floor(steps.length / 2)) return config;
  }
  throw new Error('no checkpoint in the middle');
}

async function play(
  library: Library,
  variant: Variant,
  saver: Saver,
  { id, start, steps }: Steps,
  times: number[],
): Promise<void> {
  const begun: number[] = [];
  const graph = graphOf(library, variant, saver, steps, begun);
  const options = { ...configOf(id), durability: 'sync', recursionLimit: steps.length + 5 };
  await graph.invoke({ keys: start, messages: [] }, options);
  begun.push(performance.now());
  // From the start of one step to that of the next: the work, and its checkpoint.
  for (let n = 0; n < steps.length; n += 1) times.push(begun[n + 1]! - begun[n]!);
}

function graphOf(
  { StateGraph, Annotation, DeltaChannel, START, END }: Library,
  variant: Variant,
  saver: Saver,
  steps: readonly Change[],
  begun: number[],
): Graph {
  let next = 0;
  const merged = (a: object, b: object): object => ({ ...a, ...b });
  const joined = (a: readonly unknown[], b: readonly unknown[]) => [...a, ...b];
  const state =
    variant === 'full'
      ? Annotation.Root({
          keys: Annotation({ reducer: merged, default: () => ({}) }),
          messages: Annotation({ reducer: joined, default: () => [] }),
        })
      : Annotation.Root({
          keys: new DeltaChannel((a: object, all: object[]) => all.reduce(merged, a), {
            initialValueFactory: () => ({}),
          }),
          messages: new DeltaChannel((a: unknown[], all: unknown[][]) => [...a, ...all.flat()], {
            initialValueFactory: () => [],
          }),
        });
  return new StateGraph(state)
    .addNode('work', () => {
      begun.push(performance.now());
      const change = steps[next];
      next += 1;
      if (change === undefined) return {};
      return 'append' in change ? { messages: [change.append] } : { keys: change.set };
    })
    .addEdge(START, 'work')
    .addConditionalEdges('work', () => (next < steps.length ? 'work' : END))
    .compile({ checkpointer: saver });
}
