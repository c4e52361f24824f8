/** A TCP proxy that cuts connections, holds bytes back, and lets clients come again. */
import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../src/internal/random.ts';

export interface ProxyFaults {
  /** Of each chunk: cut the connection in front of it, or behind it. */
  readonly cut: number;
  /** Of each chunk: hold it back for a moment. */
  readonly delay: number;
}

export interface Proxy {
  readonly url: string;
  /** How often a connection was cut. */
  cuts(): number;
  cutAll(): void;
  close(): Promise<void>;
}

export async function openProxy(
  target: string,
  random: Random,
  faults: ProxyFaults,
): Promise<Proxy> {
  const port = Number(new URL(target).port);
  const open = new Set<Socket>();
  let cuts = 0;
  const carry = async (from: Socket, to: Socket): Promise<void> => {
    try {
      for await (const chunk of from) {
        if (random.float() < faults.delay) await sleep(random.float() * 3);
        const cuts_ = random.float() < faults.cut;
        // Half of the time what was sent arrives, and only its answer is lost.
        if (cuts_ && random.float() < 0.5) break;
        to.write(chunk as Buffer);
        if (cuts_) break;
      }
    } catch {
      // The other side is cut as well.
    }
    if (!from.destroyed || !to.destroyed) cuts += 1;
    from.destroy();
    to.end();
  };
  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ port, host: '127.0.0.1', noDelay: true });
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => open.delete(socket));
    }
    void carry(client, upstream);
    void carry(upstream, client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    cuts: () => cuts,
    cutAll() {
      for (const socket of open) socket.destroy();
    },
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
