/** Random commands on runs, done at once on plain objects that are copied whole. */
import { expect } from 'vitest';
import type { ReadableSpace, Run, Runs, StepView } from '../../../src/index.ts';
import { seededRandom } from '../../../src/internal/random.ts';

interface Space {
  keys: Record<string, unknown>;
  lists: Record<string, unknown[]>;
}

/** The shared state under '', and each executor's own. */
type Copy = Record<string, Space>;

interface Reference {
  now: Copy;
  latest: number;
  readonly kept: Map<number, Copy>;
  readonly tagged: Set<number>;
  /** Checkpoints that forks stand on. */
  readonly held: Set<number>;
}

const executors = ['a', 'b'];
const keys = ['k', 'k/0', 'l', 'm', 'n'];
const lists = ['x', 'y/z'];

export class Rehearsal {
  readonly told: string[] = [];
  readonly #runs: Runs;
  readonly #random: () => number;
  readonly #references = new Map<string, Reference>();
  #name = 'r0';
  #run: Run | undefined;

  constructor(runs: Runs, seed: number) {
    const random = seededRandom(seed);
    this.#runs = runs;
    this.#random = () => random.float();
    const start = { '': { keys: {}, lists: {} } };
    this.#references.set('r0', referenceOf(start));
  }

  async command(): Promise<void> {
    const [name, act] = this.#pick([
      ...Array.from({ length: 6 }, () => ['step', () => this.#step()] as const),
      ['checkpoint', () => this.#checkpoint()] as const,
      ['restore', () => this.#restore()] as const,
      ['prune', () => this.#prune()] as const,
      ['delete one', () => this.#deleteOne()] as const,
      ['fork', () => this.#fork()] as const,
      ['reopen', () => this.#reopen()] as const,
      ['discard', () => this.#discard()] as const,
    ]);
    this.told.push(`${name} of ${this.#name}`);
    await act();
  }

  /** Every checkpoint of every run, and the runs as they are taken up again. */
  async compare(): Promise<void> {
    await this.close();
    for (const [name, { kept, latest, now }] of this.#references) {
      const ids: number[] = [];
      for await (const { id } of this.#runs.checkpoints({ run: name })) ids.push(id);
      expect(ids, `checkpoints of ${name}`).toEqual([...kept.keys()].sort((a, b) => a - b));
      for (const [id, copy] of kept) {
        const loaded = await this.#runs.load(name, id);
        expect(loaded && seen(loaded.state, (one) => loaded.private(one)), `${name} ${id}`).toEqual(
          tidied(copy),
        );
      }
      await using run = await this.#runs.open(name);
      const found = seen(run.state, (one) => run.private(one));
      expect(found, `state of ${name}`).toEqual(tidied(now));
      expect(run.latest.id).toBe(latest);
    }
  }

  async close(): Promise<void> {
    await this.#run?.close();
    this.#run = undefined;
  }

  async #opened(): Promise<Run> {
    this.#run ??= await this.#runs.open(this.#name);
    return this.#run;
  }

  get #reference(): Reference {
    return this.#references.get(this.#name)!;
  }

  async #step(): Promise<void> {
    const run = await this.#opened();
    const step = run.step({ executors });
    const next = structuredClone(this.#reference.now);
    for (const executor of executors) this.#write(step.view(executor), executor, next);
    const { checkpoint } = await step.commit();
    this.#saved(checkpoint, next);
  }

  /** Writes that cannot conflict: each executor has its own half of the keys. */
  #write(view: StepView, executor: string, next: Copy): void {
    const own = keys.filter((_, index) => index % 2 === executors.indexOf(executor));
    for (let n = this.#below(4); n > 0; n -= 1) {
      const isPrivate = this.#random() < 0.3;
      const space = isPrivate ? view.private : view;
      const copy = (next[isPrivate ? executor : ''] ??= { keys: {}, lists: {} });
      const key = this.#pick(isPrivate ? keys : own);
      const list = this.#pick(isPrivate ? lists : [lists[executors.indexOf(executor)]!]);
      this.#writeOne(space, copy, key, list, isPrivate);
    }
  }

  #writeOne(
    space: StepView['private'],
    copy: Space,
    key: string,
    list: string,
    mayClear: boolean,
  ): void {
    const value = this.#below(1000);
    const items = (copy.lists[list] ??= []);
    const acts: (() => void)[] = [
      () => {
        space.set(key, { value, text: 'x'.repeat(value === 7 ? 6000 : 3) });
        copy.keys[key] = { value, text: 'x'.repeat(value === 7 ? 6000 : 3) };
      },
      () => expect(space.delete(key)).toBe(removed(copy.keys, key)),
      () => {
        space.update(key, [{ op: 'merge', value: { value } }]);
        copy.keys[key] = { ...(copy.keys[key] as object), value };
      },
      () => {
        space.list(list).append(value, 'next');
        items.push(value, 'next');
      },
      () => {
        space.list(list).keepLast(3);
        items.splice(0, Math.max(0, items.length - 3));
      },
      () => {
        space.list(list).clear();
        items.length = 0;
      },
    ];
    if (mayClear) {
      acts.push(() => {
        space.clear();
        copy.keys = {};
      });
    }
    this.#pick(acts)();
  }

  async #discard(): Promise<void> {
    const step = (await this.#opened()).step({ executors });
    this.#write(step.view('a'), 'a', structuredClone(this.#reference.now));
    step.discard();
  }

  async #checkpoint(): Promise<void> {
    const run = await this.#opened();
    const isTagged = this.#random() < 0.5;
    const { id } = await run.checkpoint(isTagged ? { tags: ['keep'] } : {});
    this.#saved(id, this.#reference.now);
    if (isTagged) this.#reference.tagged.add(id);
  }

  async #restore(): Promise<void> {
    const run = await this.#opened();
    const { kept } = this.#reference;
    const from = this.#pick([...kept.keys()]);
    const { id } = await run.restore(from);
    this.#saved(id, kept.get(from)!);
  }

  async #prune(): Promise<void> {
    await this.#opened();
    const last = this.#below(5);
    const { kept, latest, tagged, held } = this.#reference;
    const young = new Set([...kept.keys()].sort((a, b) => b - a).slice(0, last));
    await this.#runs.prune(this.#name, { last, tags: ['keep'] });
    for (const id of kept.keys()) {
      if (!young.has(id) && !tagged.has(id) && !held.has(id) && id !== latest) kept.delete(id);
    }
  }

  async #deleteOne(): Promise<void> {
    await this.#opened();
    const { kept, latest, held } = this.#reference;
    const id = this.#pick([...kept.keys()]);
    const goes = id !== latest && !held.has(id);
    expect(await this.#runs.deleteCheckpoint(this.#name, id)).toBe(goes);
    if (goes) kept.delete(id);
  }

  async #fork(): Promise<void> {
    await this.#opened();
    const checkpoint = this.#pick([...this.#reference.kept.keys()]);
    const name = `r${this.#references.size}`;
    await this.#runs.fork({ run: this.#name, checkpoint }, name);
    this.#reference.held.add(checkpoint);
    this.#references.set(name, referenceOf(this.#reference.kept.get(checkpoint)!));
    this.told.push(`as ${name}`);
  }

  async #reopen(): Promise<void> {
    await this.close();
    this.#name = this.#pick([...this.#references.keys()]);
    const run = await this.#opened();
    const { now } = this.#reference;
    const found = seen(run.state, (one) => run.private(one));
    expect(found, `state of ${this.#name}`).toEqual(tidied(now));
  }

  #saved(id: number, copy: Copy): void {
    const reference = this.#reference;
    expect(id).toBe(reference.latest + 1);
    reference.now = structuredClone(copy);
    reference.latest = id;
    reference.kept.set(id, structuredClone(copy));
  }

  #below(count: number): number {
    return Math.floor(this.#random() * count);
  }

  #pick<T>(items: readonly T[]): T {
    return items[this.#below(items.length)]!;
  }
}

function referenceOf(copy: Copy): Reference {
  const now = structuredClone(copy);
  return { now, latest: 0, kept: new Map([[0, now]]), tagged: new Set(), held: new Set() };
}

function removed(record: Record<string, unknown>, key: string): boolean {
  const existed = Object.hasOwn(record, key);
  delete record[key];
  return existed;
}

function seen(shared: ReadableSpace, own: (executor: string) => ReadableSpace): Copy {
  const copy: Copy = { '': spaceOf(shared) };
  for (const executor of executors) copy[executor] = spaceOf(own(executor));
  return tidied(copy);
}

function spaceOf(space: ReadableSpace): Space {
  return {
    keys: Object.fromEntries(space.keys().map((key) => [key, space.get(key)])),
    lists: Object.fromEntries(lists.map((name) => [name, space.list(name).range()])),
  };
}

/** Without spaces and lists that are empty. */
function tidied(copy: Copy): Copy {
  const spaces = Object.entries(copy).map(([name, space]): [string, Space] => {
    const filled = Object.entries(space.lists).filter(([, items]) => items.length > 0);
    return [name, { keys: space.keys, lists: Object.fromEntries(filled) }];
  });
  return Object.fromEntries(
    spaces.filter(
      ([, { keys: some, lists: others }]) =>
        Object.keys(some).length + Object.keys(others).length > 0,
    ),
  );
}
