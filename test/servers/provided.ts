/**
 * What a project's setup hands to its test files: the URL of a running server, or why there is
 * none.
 *
 * A missing server is said aloud, and its suites are skipped with the reason; where `CI` is `true`
 * it is a failure.
 */
import { describe, test } from 'vitest';

export type Provided =
  | { readonly kind: 'running'; readonly url: string }
  | { readonly kind: 'missing'; readonly reason: string };

declare module 'vitest' {
  export interface ProvidedContext {
    readonly postgres: Provided;
    readonly redis: Provided;
    readonly redisCluster: Provided;
  }
}

/** For a setup: what to provide where a server is not installed. Throws on CI. */
export function missing(reason: string): Provided {
  if (process.env['CI'] === 'true') throw new Error(reason);
  process.stderr.write(`\n!!! ${reason}; its suites are skipped\n\n`);
  return { kind: 'missing', reason };
}

/** Registers the tests that need the server; without it, one skipped test that says why. */
export function withServer(
  provided: Provided,
  name: string,
  register: (url: string) => void,
): void {
  if (provided.kind === 'running') {
    register(provided.url);
    return;
  }
  describe(name, () => {
    test('needs its server', ({ skip }) => skip(provided.reason));
  });
}
