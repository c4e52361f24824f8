/** Checkups that a server makes of its own store, for those who administer it. */
import { HoldfastError } from '../../errors/index.ts';
import type { ErrorCode } from '../../errors/index.ts';
import type { Finding } from '../../ledger/index.ts';
import type { ServerAdmin } from './server-admin.ts';

interface Line {
  readonly finding?: Finding;
  readonly progress?: { readonly done: number; readonly total: number };
  readonly end?: object;
  readonly error?: { readonly code: ErrorCode; readonly detail: string };
}

type OnProgress = (done: number, total: number) => void;

export function examineServed(server: ServerAdmin) {
  return {
    engine: () => findingsAt(server, '/v1/checkup', () => undefined),
    app: (name: string, onProgress: OnProgress) =>
      findingsAt(server, `/v1/apps/${encodeURIComponent(name)}/checkup`, onProgress),
  };
}

async function findingsAt(
  server: ServerAdmin,
  path: string,
  onProgress: OnProgress,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for await (const line of server.lines({ method: 'GET', path })) {
    const { finding, progress, end, error } = line as Line;
    if (error !== undefined) throw new HoldfastError(error.code, error.detail);
    if (finding !== undefined) findings.push(finding);
    if (progress !== undefined) onProgress(progress.done, progress.total);
    if (end !== undefined) return findings;
  }
  throw new HoldfastError('unavailable', 'the server’s answer was cut off');
}
