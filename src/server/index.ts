/**
 * The server: `holdfast/server`. HTTP and WebSocket over any store that was opened here.
 */
export { formatGrant, parseGrant, rights } from './auth/grant.ts';
export type { Grant, Right } from './auth/grant.ts';
export { Principal } from './auth/principal.ts';
export type { TokenLimits } from './auth/principal.ts';
export { TokenStore } from './auth/token-store.ts';
export type { CreatedToken, ListedToken, NewToken } from './auth/token-store.ts';
export { defaultPort, isLoopback } from './options.ts';
export type { McpTerms, ServeOptions } from './options.ts';
export { serve } from './serve.ts';
export type { Server } from './serve.ts';
export { runWorkers, workerMetrics } from './workers/workers.ts';
export type { WorkersOptions } from './workers/workers.ts';
export type {
  ExtensionHttp,
  OpenedChannel,
  OpenedRequest,
  ServerExtension,
} from './socket/extension.ts';
