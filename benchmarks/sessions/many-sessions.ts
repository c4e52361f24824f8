/** How much memory a host takes for sessions that are all alive at once. */
import { open } from '../../src/index.ts';
import { linkPair, SessionHost, SessionWorker } from '../../src/sessions/index.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Report } from '../report.ts';
import { agents } from './contenders.ts';
import type { Replay } from './conversations.ts';

const atOnce = 64;

/**
 * The workers share the process, but keep next to nothing: what grows is the host, and the store's
 * cache, which is bounded.
 */
export async function measureMany(
  report: Report,
  replays: readonly Replay[],
  sessions: number,
): Promise<void> {
  const folder = mkdtempSync(join(process.env['BENCH_DIR'] ?? tmpdir(), 'holdfast-sessions-'));
  const store = await open(`file:${join(folder, 'store.db')}`, { cacheBytes: 16 * 1024 * 1024 });
  const host = new SessionHost(store.app('bench'), { durability: 'relaxed' });
  for (let index = 0; index < 4; index += 1) {
    const worker = new SessionWorker({ agents, cache: { bytes: 2 * 1024 * 1024 } });
    const [ours, theirs] = linkPair();
    host.attach(ours);
    void worker.serve(theirs);
  }
  const turns = replays.flatMap((replay) => replay.turns);
  const heap: number[] = [];
  const start = performance.now();
  for (const round of [0, 1, 2]) {
    let next = 0;
    const user = async (): Promise<void> => {
      for (let index = next++; index < sessions; index = next++) {
        const input = turns[(index * 13 + round) % turns.length] ?? [];
        const session = `session ${index}`;
        await host.turn({ session, id: `${round}`, agent: 'structured', input });
      }
    };
    await Promise.all(Array.from({ length: atOnce }, user));
    heap.push(usedHeap());
  }
  const seconds = (performance.now() - start) / 1000;
  const [first = 0, , last = 0] = heap;
  report.add({
    question: `${sessions.toLocaleString('en')} live sessions on one host, three turns each`,
    target: 'the heap does not grow with turns: at most 16 MiB from the first round to the last',
    met: last - first < 16 * 1024 * 1024,
    figures: {
      'heap after round 1, MiB': first / 2 ** 20,
      'heap after round 3, MiB': last / 2 ** 20,
      'bytes of heap per session': last / sessions,
      'resident, MiB': process.memoryUsage().rss / 2 ** 20,
      'turns/s': (sessions * 3) / seconds,
    },
  });
  await host.close();
  await store.close();
  rmSync(folder, { recursive: true });
}

function usedHeap(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}
