/**
 * Frames of every kind, whole and damaged, from a stranger: the server neither crashes nor keeps
 * anything of them. `npm run fuzz -- --runs 1000000 test/served/security/fuzz` for a million.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { seededRandom } from '../../../src/internal/random.ts';
import type { Random } from '../../../src/internal/random.ts';
import { runCount, runSeed } from '../../robustness/runs.ts';
import { framesOn } from './frames.ts';
import { RawSocket, bytesOf } from './raw-socket.ts';
import { World } from './world.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const heapGrowthMax = 48 * 1024 * 1024;
const junk: readonly unknown[] = [
  null,
  true,
  -1,
  1.5,
  2 ** 53,
  '',
  'x',
  '__proto__',
  '$sys',
  '\u0000',
  '\ud800',
  'é'.repeat(2000),
  [],
  {},
  [[[[]]]],
  { kind: 'x', constructor: 1 },
];

class Mutator {
  readonly #random: Random;
  readonly #frames: readonly Uint8Array[];

  constructor(random: Random) {
    this.#random = random;
    this.#frames = [
      ...framesOn({ app: 'mine', scope: 'users', key: 'ada' }),
      ...framesOn({ app: 'other', scope: '$sys', key: 'k' }),
    ];
  }

  next(): Uint8Array {
    const frame = this.#of(this.#frames);
    const chance = this.#random.float();
    if (chance < 0.1) return this.#rubbish();
    if (chance < 0.3) return this.#damaged(frame);
    return this.#twisted(frame);
  }

  #rubbish(): Uint8Array {
    return Uint8Array.from({ length: this.#below(200) }, () => this.#below(256));
  }

  #damaged(frame: Uint8Array): Uint8Array {
    const bytes = frame.slice();
    for (let count = this.#below(4); count > 0; count -= 1) {
      bytes[this.#below(bytes.length)] = this.#below(256);
    }
    return this.#random.float() < 0.2 ? bytes.subarray(0, this.#below(bytes.length)) : bytes;
  }

  /** Still a frame, with something else in the place of some fields. */
  #twisted(frame: Uint8Array): Uint8Array {
    const end = frame.indexOf(0x0a);
    const header = JSON.parse(new TextDecoder().decode(frame.subarray(0, end))) as object;
    Object.assign(header, { id: 1 + this.#below(500) });
    for (let count = this.#below(3); count > 0; count -= 1) this.#twist(header);
    const line = bytesOf(`${JSON.stringify(header)}\n`);
    return Uint8Array.from([...line, ...frame.subarray(end + 1)]);
  }

  #twist(within: object): void {
    const fields = Object.keys(within).filter((field) => field !== 'id');
    if (fields.length === 0) return;
    const field = this.#of(fields);
    const inner = (within as Record<string, unknown>)[field];
    const goesDeeper = typeof inner === 'object' && inner !== null && this.#random.float() < 0.7;
    if (goesDeeper) this.#twist(inner);
    else if (this.#random.float() < 0.2) Reflect.deleteProperty(within, field);
    else Reflect.set(within, field, structuredClone(this.#of(junk)));
  }

  #of<T>(list: readonly T[]): T {
    return list[this.#below(list.length)]!;
  }

  #below(limit: number): number {
    return Math.floor(this.#random.float() * limit);
  }
}

function heapBytes(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

async function send(world: World, token: string, mutator: Mutator, count: number): Promise<void> {
  let left = count;
  while (left > 0) {
    const raw = await RawSocket.open(world.server.url);
    await raw.greet(token);
    for (let turn = 0; raw.socket.readyState === WebSocket.OPEN && left > 0; turn += 1) {
      const frames = Array.from({ length: Math.min(left, 1 + (turn % 8)) }, () => mutator.next());
      left -= frames.length;
      raw.frame(...frames);
      // What was answered, or the end, is waited for now and then.
      if (turn % 4 === 3) await new Promise((resolve) => setImmediate(resolve));
    }
    raw.socket.terminate();
    await raw.ended;
  }
}

test('a stranger’s frames neither crash the server, nor cross, nor stay in it', async () => {
  const world = await World.open();
  const token = await world.token(['mine:users=read,write,watch']);
  const mutator = new Mutator(seededRandom(runSeed));
  const count = runCount(6000);
  await send(world, token, mutator, Math.ceil(count / 10));
  const before = heapBytes();
  await send(world, token, mutator, Math.floor(count * 0.9));
  expect(heapBytes() - before).toBeLessThan(heapGrowthMax);
  for (const [app, scope] of [
    ['mine', 'session'],
    ['mine', 'sessions'],
    ['other', 'users'],
    ['mine2', 'users'],
  ] as const) {
    const entries = await world.local.app(app).ledger.scan({ scope });
    expect(entries.items.map(({ value }) => value.decode())).toEqual(['secret']);
  }
  const admin = await world.token(['*=admin']);
  const metrics = async () => (await world.fetch('/metrics', admin)).text();
  await expect.poll(metrics, { timeout: 20_000 }).toContain('holdfast_connections 0\n');
  expect(await metrics()).toContain('holdfast_watches 0\n');
  const store = await world.client(token);
  await store.app('mine').scope('users').set('still', 'here');
  expect(await store.app('mine').scope('users').get('still')).toBe('here');
});
