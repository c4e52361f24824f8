/** The log as somebody sees it who may not see all of it. */
import type { Commit, LogPage } from '../../ledger/index.ts';

type Sees = (scope: string, key: string) => boolean;

/** Without the changes that are not seen, and without commits that have no others. */
export function visiblePage(page: LogPage, sees: Sees): LogPage {
  if (page.kind !== 'commits') return page;
  const commits: Commit[] = [];
  for (const commit of page.commits) {
    const changes = commit.changes.filter(({ scope, key }) => sees(scope, key));
    if (changes.length === commit.changes.length) commits.push(commit);
    else if (changes.length > 0) commits.push({ ...commit, changes });
  }
  return { ...page, commits };
}

export interface Visibility {
  /** Left out: everything is seen. */
  readonly sees: Sees | undefined;
  /** Aborted when the reader goes, whatever `pages` waits for. */
  readonly stop: AbortController;
  /** Throws when nothing more may be seen. */
  check(): void;
}

export function visiblePages(
  pages: AsyncIterable<LogPage>,
  visibility: Visibility,
): AsyncIterableIterator<LogPage, undefined> {
  const { sees, stop, check } = visibility;
  const iterator = pages[Symbol.asyncIterator]();
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      for (;;) {
        check();
        const step = await iterator.next();
        check();
        if (step.done === true) return { done: true, value: undefined };
        const page = sees === undefined ? step.value : visiblePage(step.value, sees);
        // A page of which nothing is left is of no interest, as if the filter had been the log's.
        if (page.kind !== 'commits' || page.commits.length > 0) return { done: false, value: page };
      }
    },
    async return() {
      stop.abort();
      await iterator.return?.();
      return { done: true, value: undefined };
    },
  };
}
