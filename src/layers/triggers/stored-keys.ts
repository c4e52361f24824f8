/** Which triggers are stored, and under which keys what belongs to one of them is. */
import type { EntryHead, Ledger } from '../../ledger/index.ts';
import { scopePrefix, triggerOf } from './keyspace.ts';

/** The names of all triggers that the app knows, sorted. */
export async function triggerNames(ledger: Ledger): Promise<string[]> {
  const names: string[] = [];
  let cursor: string | undefined;
  do {
    const query = { prefix: scopePrefix, internal: true, limit: 1000, cursor };
    const page = await ledger.scopes(query);
    for (const { scope } of page.items) {
      const name = triggerOf(scope);
      if (name !== undefined) names.push(name);
    }
    cursor = page.cursor;
  } while (cursor !== undefined);
  return names;
}

export async function keysOf(ledger: Ledger, scope: string, prefix: string): Promise<EntryHead[]> {
  const found: EntryHead[] = [];
  let cursor: string | undefined;
  do {
    const page = await ledger.scan({ scope, prefix, keysOnly: true, limit: 5000, cursor });
    found.push(...page.items);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return found;
}
