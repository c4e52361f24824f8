/**
 * Reads the records that `shim.c` wrote: what was asked of the files below one folder, in order.
 *
 * A record is a header of 40 bytes (magic, kind, process, handle: u32; offset, length: u64; length
 * of the path, flags: u32), the path, and for writes and renames the data. A file is known by the
 * handle that its opening got; names matter only where a name is opened, moved or removed.
 */
import { assert } from '../../../src/internal/assert.ts';

export type TraceRecord =
  | {
      readonly kind: 'open';
      readonly file: string;
      readonly path: string;
      readonly truncates: boolean;
      readonly directory: boolean;
    }
  | {
      readonly kind: 'write';
      readonly file: string;
      readonly offset: number;
      readonly data: Buffer;
      /** Durable when it returned (`O_DSYNC`). */
      readonly through: boolean;
    }
  | { readonly kind: 'sync-begin' | 'sync-end'; readonly file: string }
  | { readonly kind: 'resize'; readonly file: string; readonly size: number }
  | { readonly kind: 'rename'; readonly from: string; readonly to: string }
  | { readonly kind: 'unlink'; readonly path: string }
  /** From here on the file can change without a record. */
  | { readonly kind: 'mapped'; readonly file: string };

const magic = 0x31434648;
const headerBytes = 40;
const kinds = [
  undefined,
  'open',
  'write',
  'sync-begin',
  'sync-end',
  'resize',
  'rename',
  'unlink',
  'mapped',
] as const;
const flagTruncates = 1;
const flagDirectory = 2;
const flagWritesThrough = 4;

/** The records of a trace. A last record that was cut short, by a kill, is left out. */
export function parseTrace(trace: Buffer): TraceRecord[] {
  const records: TraceRecord[] = [];
  let at = 0;
  while (at + headerBytes <= trace.length) {
    assert(trace.readUInt32LE(at) === magic, `no trace record at byte ${at}`);
    const kind = kinds[trace.readUInt32LE(at + 4)];
    const length = Number(trace.readBigUInt64LE(at + 24));
    const dataAt = at + headerBytes + trace.readUInt32LE(at + 32);
    const end = dataAt + (kind === 'write' || kind === 'rename' ? length : 0);
    if (end > trace.length) break;
    const path = trace.toString('utf8', at + headerBytes, dataAt);
    records.push(recordOf(kind, trace.subarray(at, at + headerBytes), path, trace, dataAt, end));
    at = end;
  }
  return records;
}

function recordOf(
  kind: (typeof kinds)[number],
  header: Buffer,
  path: string,
  trace: Buffer,
  dataAt: number,
  end: number,
): TraceRecord {
  const file = `${header.readUInt32LE(8)}:${header.readUInt32LE(12)}`;
  const flags = header.readUInt32LE(36);
  switch (kind) {
    case 'open': {
      const truncates = (flags & flagTruncates) !== 0;
      return { kind, file, path, truncates, directory: (flags & flagDirectory) !== 0 };
    }
    case 'write': {
      const offset = Number(header.readBigUInt64LE(16));
      const through = (flags & flagWritesThrough) !== 0;
      return { kind, file, offset, data: trace.subarray(dataAt, end), through };
    }
    case 'resize':
      return { kind, file, size: Number(header.readBigUInt64LE(24)) };
    case 'rename':
      return { kind, from: path, to: trace.toString('utf8', dataAt, end) };
    case 'unlink':
      return { kind, path };
    case 'sync-begin':
    case 'sync-end':
    case 'mapped':
      return { kind, file };
    default:
      throw new Error('a trace record of unknown kind');
  }
}
