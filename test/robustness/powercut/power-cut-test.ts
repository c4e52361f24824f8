/**
 * `test`, where power cuts can be traced. Elsewhere a skip that says why; with `CI=true` a failure,
 * so that a machine that should prove the promise cannot pass without it.
 */
import { test } from 'vitest';
import { shimMissing } from './shim.ts';

const missing = shimMissing();
const mustRun = process.env['CI'] === 'true';

export function powerCutTest(name: string, body: () => Promise<void>): void {
  test(name, async (context) => {
    if (missing === undefined) return body();
    const message = `power cuts are NOT tested: ${missing}`;
    if (mustRun) throw new Error(message);
    console.warn(message);
    return context.skip(message);
  });
}
