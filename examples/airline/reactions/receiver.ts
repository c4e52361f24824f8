/** A stand-in for somebody's alerting service: takes webhooks, and believes only signed ones. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';

export interface Receiver extends AsyncDisposable {
  readonly url: string;
  /** Alerts that were accepted, each once: a repeat has the same id. */
  readonly alerts: ReadonlyMap<string, unknown>;
}

export async function startReceiver(secret: string): Promise<Receiver> {
  const verifier = new Webhook(secret);
  const alerts = new Map<string, unknown>();
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString('utf8')));
    request.on('end', () => {
      try {
        const headers = request.headers as Record<string, string>;
        alerts.set(headers['webhook-id'] ?? '', verifier.verify(body, headers));
        response.writeHead(204).end();
      } catch {
        response.writeHead(401).end();
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/alerts`,
    alerts,
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
