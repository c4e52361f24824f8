/**
 * What a client does, for whatever runtime: it is bundled into one file that each of them runs.
 *
 * It reports what it sees, one line of JSON after the other, by the function that it is given.
 */
import { open } from '../../../src/client/index.ts';

export interface Report {
  readonly step: 'ready' | 'done' | 'failed';
  readonly [member: string]: unknown;
}

export async function run(url: string, token: string, report: (line: Report) => void) {
  try {
    let connections = 0;
    await using store = await open(url, {
      token,
      backoffMs: 50,
      onConnection: ({ kind }) => {
        if (kind === 'connected') connections += 1;
      },
    });
    const scope = store.app('mine').scope<{ n: number }>('users');
    await scope.set('bob', { n: 1 });
    await scope.update('bob', [{ op: 'increment', path: '/n', by: 2 }]);
    const got = await scope.get('bob');
    const bytes = Uint8Array.of(0, 255, 7);
    await store.app('mine').scope('files').set('raw', bytes);
    const raw = await store.app('mine').scope<Uint8Array>('files').get('raw');
    const refused = await store
      .app('other')
      .scope('users')
      .get('ada')
      .catch((error: unknown) => (error as { code: string }).code);
    const seen: string[] = [];
    for await (const event of scope.watch({ snapshot: true })) {
      if (event.kind === 'snapshot') {
        if (event.isLast) report({ step: 'ready', got, raw: [...(raw ?? [])], refused });
      } else if (event.kind === 'changes') {
        seen.push(...event.changes.map(({ key }) => key));
      } else throw new Error(event.kind);
      if (seen.at(-1) === 'end') break;
    }
    report({ step: 'done', seen, connections });
  } catch (error) {
    report({ step: 'failed', error: String(error), stack: (error as Error).stack });
  }
}
