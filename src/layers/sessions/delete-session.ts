/** Taking a session away, and every trace of it if that is asked for. */
import { HoldfastError } from '../../errors/index.ts';
import { limits } from '../../ledger/index.ts';
import type { EntryHead, Ledger, Mutation } from '../../ledger/index.ts';
import { headRef, scopeOf } from './keyspace.ts';
import { deletingHead } from './stored-session.ts';

export interface DeleteSessionOptions {
  /** Removes every value that the session ever had from the log, too. Costs a pass over the log. */
  readonly erase?: boolean | undefined;
}

const attempts = 20;
const deletedPerCommit = 900;

/**
 * Whether there was a session. A turn that is committed meanwhile comes first, or finds nothing.
 * Until a large one is gone its turns are refused with `contended`; if the process dies before,
 * delete it again. The next turn begins a new session.
 *
 * Throws `contended` if turns went first in every attempt. Costs a write per entry.
 *
 * @example
 * import { deleteSession } from 'holdfast/sessions';
 *
 * await host.turn({ session: 's', id: '1', agent: 'notes', input: 'hello' });
 * await deleteSession(app, 's', { erase: true }); // => true
 * await host.session('s').head(); // => undefined
 * await deleteSession(app, 's'); // => false
 */
export async function deleteSession(
  { ledger }: { readonly ledger: Ledger },
  name: string,
  options: DeleteSessionOptions = {},
): Promise<boolean> {
  const scope = scopeOf(name);
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const [head] = await ledger.read([headRef(scope)]);
    const entries = await entriesOf(ledger, scope);
    if (entries.length === 0) return false;
    if (!(await deleteAll(ledger, scope, head?.version ?? 0, entries))) continue;
    if (options.erase !== true) return true;
    for (const { key } of entries) await ledger.erase({ scope, key });
    return true;
  }
  throw new HoldfastError('contended', `turns of session '${name}' went first in every attempt`, {
    details: { session: name },
  });
}

/** False if a turn went first. */
async function deleteAll(
  ledger: Ledger,
  scope: string,
  headVersion: number,
  entries: readonly EntryHead[],
): Promise<boolean> {
  const head = headRef(scope);
  const checks = [{ kind: 'version', ...head, version: headVersion }] as const;
  const deletions = entries.map(({ key }): Mutation => ({ kind: 'delete', scope, key }));
  if (deletions.length <= deletedPerCommit) {
    return (await ledger.commit({ checks, mutations: deletions })).kind === 'committed';
  }
  const mark: Mutation = { kind: 'set', ...head, value: deletingHead };
  if ((await ledger.commit({ checks, mutations: [mark] })).kind === 'conflict') return false;
  const others = deletions.filter(({ key }) => key !== head.key);
  for (let start = 0; start < others.length; start += deletedPerCommit) {
    await ledger.commit({ mutations: others.slice(start, start + deletedPerCommit) });
  }
  await ledger.commit({ mutations: [{ kind: 'delete', ...head }] });
  return true;
}

async function entriesOf(ledger: Ledger, scope: string): Promise<EntryHead[]> {
  const found: EntryHead[] = [];
  let cursor: string | undefined;
  do {
    const query = { scope, limit: limits.scanLimitMax, cursor, keysOnly: true } as const;
    const page = await ledger.scan(query);
    found.push(...page.items);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return found;
}
