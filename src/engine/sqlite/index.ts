export { openSqliteEngine } from './open.ts';
export { SqliteEngine } from './sqlite-engine.ts';
