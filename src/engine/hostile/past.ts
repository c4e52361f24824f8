/**
 * What a ledger looked like some commits ago, so that `decide` can be shown a moment that is over.
 *
 * P1. A view that is made here was true at one moment (T1): the commits since are undone whole.
 * P2. Where another handle committed in between, the chain has a gap and nothing is made.
 */
import type { Decision, Head, Reads, ScopeStat, StoredEntry, View } from '../index.ts';

const depthMax = 8;

/** How to get from behind a commit to before it. */
interface Undo {
  readonly before: Head;
  /** The head's revision behind the commit. */
  readonly after: number;
  readonly time: number;
  readonly entries: ReadonlyMap<string, StoredEntry | undefined>;
  readonly scopes: ReadonlyMap<string, ScopeStat>;
}

export class Past {
  readonly #ledgers = new Map<string, Undo[]>();

  /** Remembers a decision that was applied to the moment of `view`, which shows all it wrote. */
  record(ledger: string, reads: Reads, view: View, decision: Decision): void {
    const undos = this.#ledgers.get(ledger) ?? [];
    this.#ledgers.set(ledger, undos);
    const { head, time } = view;
    undos.push({
      before: head,
      after: head.revision + decision.revisions,
      time,
      entries: new Map(reads.refs.map((ref, index) => [addressOf(ref), view.entries[index]])),
      scopes: new Map(view.scopes.map((stat) => [stat.scope, stat])),
    });
    if (undos.length > depthMax) undos.shift();
  }

  /** The view of the moment `steps` commits before `view`, or of as many as are known. */
  before(ledger: string, reads: Reads, view: View, steps: number): View {
    let past = view;
    for (const undo of (this.#ledgers.get(ledger) ?? []).toReversed().slice(0, steps)) {
      if (undo.after !== past.head.revision) break;
      past = {
        head: undo.before,
        time: undo.time,
        entries: past.entries.map((entry, index) => {
          const address = addressOf(reads.refs[index] ?? { scope: '', key: '' });
          return undo.entries.has(address) ? copyOf(undo.entries.get(address)) : entry;
        }),
        scopes: past.scopes.map((stat) => undo.scopes.get(stat.scope) ?? stat),
      };
    }
    return past;
  }
}

/** A view belongs to whoever was shown it, and may be scribbled on. */
function copyOf(entry: StoredEntry | undefined): StoredEntry | undefined {
  if (entry === undefined || typeof entry.content === 'string') return entry;
  return { ...entry, content: new Uint8Array(entry.content) };
}

function addressOf({ scope, key }: { readonly scope: string; readonly key: string }): string {
  return `${scope}\0${key}`;
}
