export { openPostgresEngine } from './open.ts';
export { PostgresEngine } from './postgres-engine.ts';
