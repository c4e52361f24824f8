export { copyStoreFile } from './file/backup.ts';
export type { CopyOptions } from './file/backup.ts';
export { openSqliteEngine } from './open.ts';
export { SqliteEngine } from './sqlite-engine.ts';
