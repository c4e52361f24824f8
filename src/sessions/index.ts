/**
 * `holdfast/sessions`: conversations whose state follows them from worker to worker.
 *
 * The layer itself, links over WebSockets, and sessions that are SQLite databases.
 */
export * from '../layers/sessions/index.ts';
export { sqliteCodec, sqlitePayload } from './sqlite/sqlite-payload.ts';
export { connectWorker, WorkerConnection } from './socket/connect-worker.ts';
export type { ConnectWorkerOptions } from './socket/connect-worker.ts';
export { serveWorkers } from './socket/serve-workers.ts';
export type { ServeWorkersOptions, WorkerDoor } from './socket/serve-workers.ts';
export { sessionHttp } from './http/session-http.ts';
export type { SessionHttpParts } from './http/session-http.ts';
