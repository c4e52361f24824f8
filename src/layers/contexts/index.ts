/** Contexts: the state of a request, the state of an app, and what a worker sees of both. */
export { ContextLedger } from './context-ledger.ts';
export { contextGrants, requestScope } from './names.ts';
export type { ContextGrant } from './names.ts';
export { RequestContext } from './request-context.ts';
export type { RequestOptions } from './request-context.ts';
