/**
 * P5 while a commit is on its way: an entry that a reader has seen dead is never seen alive again,
 * though a commit that found it alive may reach the disk after its death.
 */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect, inject, test } from 'vitest';
import { systemClock } from '../../src/internal/clock.ts';
import { commit, decisionOf, newOptions, put } from '../../src/testing/engine-contract/writing.ts';
import { withServer } from '../servers/provided.ts';
import { open, storeUrl } from './stores.ts';

const commitMessage = Buffer.from('Q\0\0\0\u000bCOMMIT\0', 'latin1');
const heldMs = 150;

/** Holds each COMMIT back, when what it commits is done. */
async function slowCommits(target: number) {
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1');
    let last = Promise.resolve();
    client.on('data', (piece: Buffer) => {
      const at = piece.indexOf(commitMessage);
      const [before, rest] =
        at < 0 ? [piece, undefined] : [piece.subarray(0, at), piece.subarray(at)];
      last = last.then(async () => {
        upstream.write(before);
        if (rest === undefined) return;
        await systemClock.sleep(heldMs);
        upstream.write(rest);
      });
    });
    upstream.on('data', (piece: Buffer) => client.write(piece));
    for (const socket of [client, upstream]) socket.on('error', () => undefined);
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}

withServer(inject('postgres'), 'expiry on Postgres', (server) => {
  test('what was seen dead stays dead, however late a commit that prolongs it', async () => {
    const url = storeUrl(server);
    const slow = await slowCommits(Number(new URL(server).port));
    const through = new URL(url);
    through.port = String(slow.port);
    const [reader, other] = [await open(url), await open(url)];
    const writer = await open(through.href);
    const ref = { scope: 's', key: 'k' };
    const isAlive = async (engine: typeof reader, how: 'read' | 'scan'): Promise<boolean> => {
      const range = { scope: 's', reverse: false, limit: 10, keysOnly: false };
      const { entries, time } =
        how === 'read' ? await engine.read('app', [ref]) : await engine.scan('app', range);
      const [entry] = entries;
      return entry !== undefined && (entry.expiresAt ?? Infinity) > time;
    };
    // On a busy machine the writer may come too late, which shows nothing.
    let prolonged = 0;
    for (let turn = 0; turn < 60 && prolonged < 3; turn += 1) {
      const { time } = await reader.read('app', []);
      const expiresAt = time + 80;
      await commit(reader, 'app', [put('s', 'k', 'mortal', { expiresAt })]);
      const prolonging = writer.transact(
        [
          {
            ledger: 'app',
            reads: { refs: [ref], scopes: [] },
            decide(view) {
              const alive = view.time < expiresAt;
              const content = alive ? 'prolonged' : 'anew';
              const validUntil = alive ? expiresAt : undefined;
              return decisionOf([put('s', 'k', content)], view.entries, { validUntil });
            },
          },
        ],
        newOptions(),
      );
      const seen: boolean[] = [];
      const looking = (async () => {
        for (let look = 0; look < 40; look += 1) {
          const engine = look % 2 === 0 ? reader : other;
          seen.push(await isAlive(engine, look % 3 === 0 ? 'scan' : 'read'));
          await systemClock.sleep(5);
        }
      })();
      const [outcome] = await prolonging;
      await looking;
      const { content } = (await reader.read('app', [ref])).entries[0]!;
      const at = outcome?.kind === 'applied' ? outcome.time : 0;
      // Written anew after its death is no resurrection; prolonged before it must look unbroken.
      if (content !== 'prolonged') continue;
      prolonged += 1;
      expect(at).toBeLessThan(expiresAt);
      expect(seen).not.toContain(false);
    }
    expect(prolonged).toBeGreaterThan(0);
    for (const engine of [reader, other, writer]) await engine.close();
    slow.close();
  });
});
