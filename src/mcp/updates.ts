/** The live feed: which resources a commit changed. */
import { isHoldfastError } from '../errors/index.ts';
import type { Clock } from '../internal/clock.ts';
import type { Commit, Ledger, Position } from '../ledger/index.ts';
import { entryUri, scopeUri } from './resources.ts';

/** How long to wait before a store that did not answer is asked again. */
const retryMs = 1000;

export interface UpdateParts {
  readonly notify: (uri: string) => void;
  /** Told of every failure, those that are waited out too. */
  readonly onError: (error: Error) => void;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Default: from now on. */
  readonly after?: Position | undefined;
}

/**
 * Calls `notify` with the URI of each entry and scope that changes, until the signal aborts or the
 * ledger is not to be watched by this caller. An outage is waited out, and what happened meanwhile
 * is told then. Only where the log is gone (`trimmed`, `regressed`) it starts anew: a client reads
 * what it is told of, so it misses no state, only the word that it changed.
 */
export async function followUpdates(ledger: Ledger, parts: UpdateParts): Promise<void> {
  const { notify, onError, clock, signal } = parts;
  let { after } = parts;
  while (!signal.aborted) {
    try {
      for await (const page of ledger.watch({ keysOnly: true, after, signal })) {
        after = page.kind === 'commits' ? page.through : undefined;
        if (page.kind !== 'commits') break;
        for (const uri of urisOf(ledger.name, page.commits)) notify(uri);
      }
    } catch (error) {
      if (signal.aborted) return;
      onError(error instanceof Error ? error : new Error(String(error)));
      if (isHoldfastError(error) && !error.retryable) return;
      await clock.sleep(retryMs);
    }
  }
}

function urisOf(app: string, commits: readonly Commit[]): Set<string> {
  const uris = new Set<string>();
  for (const { changes } of commits) {
    for (const { scope, key } of changes) {
      if (scope.startsWith('$')) continue;
      uris.add(entryUri(app, scope, key));
      uris.add(scopeUri(app, scope));
    }
  }
  return uris;
}
