/**
 * What an error of SQLite or of the file system means to a caller.
 *
 * SQLite's codes are those of https://sqlite.org/rescode.html; the low byte is the primary code.
 */
import { open, rm, stat } from 'node:fs/promises';
import { HoldfastError, isHoldfastError } from '../../../errors/index.ts';
import type { ErrorCode } from '../../../errors/index.ts';

interface SqliteError extends Error {
  readonly code: 'ERR_SQLITE_ERROR';
  readonly errcode: number;
}

/** The transaction was rolled back although its COMMIT was tried: `cause` says why. */
export class CommitFailure extends Error {
  override readonly name = 'CommitFailure';
  constructor(cause: unknown) {
    super('COMMIT failed', { cause });
  }
}

const primary = {
  busy: 5,
  locked: 6,
  noMemory: 7,
  readOnly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  protocol: 15,
  tooBig: 18,
  notADatabase: 26,
} as const;

/** SQLITE_IOERR_WRITE: what is left of a file-size limit or a quota. */
const writeFailed = 778;
/** SQLITE_IOERR_SHMSIZE: the index of the WAL could not grow. */
const indexNotGrown = 4874;
/** SQLITE_IOERR_FSYNC and _DIR_FSYNC: written, but perhaps not kept. */
const syncFailed: readonly number[] = [1034, 1290];

export function isSqliteError(error: unknown): error is SqliteError {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number';
}

function primaryOf(error: unknown): number | undefined {
  return isSqliteError(error) ? error.errcode & 0xff : undefined;
}

/** Whether the same call can succeed once others let go of the file. */
export function isBusy(error: unknown): boolean {
  const code = primaryOf(error);
  return code === primary.busy || code === primary.locked || code === primary.protocol;
}

export function isCannotOpen(error: unknown): boolean {
  return primaryOf(error) === primary.cannotOpen;
}

export function isNotADatabase(error: unknown): boolean {
  return primaryOf(error) === primary.notADatabase;
}

export function isCorrupt(error: unknown): boolean {
  return primaryOf(error) === primary.corrupt;
}

/** Whether a COMMIT that failed so may yet be found in the file after a crash. */
export function isDoubtfulCommit(error: unknown): boolean {
  return isSqliteError(error) && syncFailed.includes(error.errcode);
}

/**
 * The error that a caller of the engine sees. Anything that is no error of SQLite passes as it is.
 */
export function fromSqlite(error: unknown, path: string): unknown {
  if (!isSqliteError(error) || isHoldfastError(error)) return error;
  const code = codeOf(error);
  return new HoldfastError(
    code,
    `${meaning[code] ?? 'SQLite failed'} (${path}): ${error.message}`,
    {
      details: { path, sqliteCode: error.errcode },
      cause: error,
      outcome: 'not-applied',
    },
  );
}

/**
 * Like `fromSqlite`, with a second look at a failed write: SQLite does not tell a limit on the
 * size of files or a quota from a broken disk.
 */
export async function explainFailure(error: unknown, path: string): Promise<unknown> {
  if (!isSqliteError(error) || error.errcode !== writeFailed) return fromSqlite(error, path);
  if (await hasRoom(path)) return fromSqlite(error, path);
  const message = `no room to write ${path}; free space and try again, nothing was written`;
  return new HoldfastError('disk_full', message, { details: { path }, cause: error });
}

/** Whether a file beside the store can grow as large as the store's own. */
async function hasRoom(path: string): Promise<boolean> {
  const probe = `${path}-room`;
  try {
    const file = await open(probe, 'w');
    try {
      const { size } = await stat(`${path}-wal`);
      const { size: own } = await stat(path);
      await file.write(Buffer.alloc(65_536, 1), 0, 65_536, Math.max(size, own));
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    return !isNoRoom(error);
  } finally {
    await rm(probe, { force: true });
  }
}

function codeOf(error: SqliteError): ErrorCode {
  if (error.errcode === indexNotGrown) return 'disk_full';
  switch (error.errcode & 0xff) {
    case primary.busy:
    case primary.locked:
    case primary.protocol:
      return 'busy';
    case primary.readOnly:
      return 'store_read_only';
    case primary.corrupt:
    case primary.notADatabase:
      return 'store_corrupt';
    case primary.full:
      return 'disk_full';
    case primary.tooBig:
      return 'limit_exceeded';
    case primary.noMemory:
    case primary.ioError:
    case primary.cannotOpen:
      return 'unavailable';
    default:
      return 'internal';
  }
}

const meaning: Partial<Record<ErrorCode, string>> = {
  busy: 'the store is in use by others',
  store_read_only: 'the store refuses writes',
  store_corrupt: 'the store is damaged; restore it from a backup',
  disk_full: 'no room to write; free space and try again',
  limit_exceeded: 'too large for SQLite',
  unavailable: 'the store cannot be read or written right now',
};

const fileCodes: Readonly<Record<string, ErrorCode>> = {
  ENOENT: 'store_missing',
  EACCES: 'store_read_only',
  EPERM: 'store_read_only',
  EROFS: 'store_read_only',
  ENOSPC: 'disk_full',
  EDQUOT: 'disk_full',
  EFBIG: 'disk_full',
  ENOTDIR: 'invalid_argument',
  EEXIST: 'invalid_argument',
  EISDIR: 'invalid_argument',
  ENAMETOOLONG: 'invalid_argument',
  ELOOP: 'invalid_argument',
  EINVAL: 'invalid_argument',
};

/** The error that a caller sees where the file system refused something around the store. */
export function fromFileSystem(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') {
    return error;
  }
  const code = fileCodes[error.code] ?? 'unavailable';
  return new HoldfastError(code, `cannot open ${path}: ${error.message}`, {
    details: { path, systemCode: error.code },
    cause: error,
  });
}

/** Whether a failed write to a file means that there is no room for it. */
function isNoRoom(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  return error.code === 'ENOSPC' || error.code === 'EDQUOT' || error.code === 'EFBIG';
}
