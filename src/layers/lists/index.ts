/** Append-only sequences: an append costs its items, not the list. */
export { List } from './list.ts';
export type { ListInTransaction } from './list-in-transaction.ts';
export type * from './list-options.ts';
export { Lists } from './lists.ts';
export type { SchemaListOptions } from './lists.ts';
export { scopePrefix as listScopePrefix } from './keyspace.ts';
