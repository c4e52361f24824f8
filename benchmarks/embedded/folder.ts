import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder for stores, on the disk that `BENCH_DIR` names, gone with `using`. */
export function temporaryFolder(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(process.env['BENCH_DIR'] ?? tmpdir(), 'holdfast-bench-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}
