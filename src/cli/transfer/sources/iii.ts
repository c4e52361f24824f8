/**
 * The file store of iii: a folder with one file per scope.
 *
 * A file's name is the scope, everything but `A-Z a-z 0-9 - _ .` as `%XX`, then `.bin`. Its
 * content is the archive of one text, a JSON object of key to value: the text, padding, and 8
 * bytes at the end that say where the text lies and how long it is (`textOf`). iii has no expiry
 * and no versions.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { limits, StoredValue } from '../../../ledger/index.ts';
import { CommandEnd, unreadable } from '../../failure.ts';
import { exitCodes } from '../../exit-codes.ts';
import type { Source, Sourced } from './source.ts';

const extension = '.bin';
const frameBytes = 8;

export async function openIiiFolder(path: string): Promise<Source> {
  const all = await readdir(path).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  const names = all.filter((name) => name.endsWith(extension)).sort();
  if (names.length === 0) {
    throw new CommandEnd('bad_input', exitCodes.notFound, `${path} holds no *.bin file of iii`);
  }
  const files = await Promise.all(
    names.map(async (name) => ({ name, bytes: (await stat(join(path, name))).size })),
  );
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  return { unit: 'bytes', total, entries: () => readFiles(path, files) };
}

async function* readFiles(
  path: string,
  files: readonly { readonly name: string; readonly bytes: number }[],
): AsyncGenerator<Sourced> {
  let done = 0;
  for (const { name, bytes } of files) {
    const scope = scopeOf(name);
    const values = valuesOf(await readFile(join(path, name)), name);
    done += bytes;
    for (const [key, json] of Object.entries(values)) {
      const value = StoredValue.of(json, limits.valueBytesMax);
      const entry = { app: undefined, scope, key, value, expiresAt: undefined, schema: 0 };
      yield { entry, done };
    }
  }
}

function scopeOf(name: string): string {
  try {
    return decodeURIComponent(name.slice(0, -extension.length));
  } catch {
    throw damaged(name, 'its name is no encoded scope');
  }
}

function valuesOf(bytes: Buffer, name: string): Record<string, unknown> {
  let json: unknown;
  try {
    json = JSON.parse(textOf(bytes));
  } catch (error) {
    throw damaged(name, error instanceof Error ? error.message : String(error));
  }
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) {
    return json as Record<string, unknown>;
  }
  throw damaged(name, 'it holds no object');
}

/**
 * The frame is the last 8 bytes. A text of up to 8 bytes stands in it, filled up with 0xff. Of a
 * longer one it holds the length, with the bits `10` put in above the lowest six, and the distance
 * back to where the text begins; both are 32-bit, little-endian.
 */
export function textOf(bytes: Buffer): string {
  const frame = bytes.length - frameBytes;
  if (frame < 0) throw new Error('the file is too short');
  if (((bytes[frame] ?? 0) & 0xc0) !== 0x80) {
    const end = bytes.indexOf(0xff, frame);
    return bytes.toString('utf8', frame, end < 0 ? bytes.length : end);
  }
  const packed = bytes.readUInt32LE(frame);
  const length = (packed & 0x3f) + Math.floor(packed / 256) * 64;
  const start = frame + bytes.readInt32LE(frame + 4);
  if (start < 0 || start + length > frame) throw new Error('the frame points outside of the file');
  return bytes.toString('utf8', start, start + length);
}

function damaged(name: string, reason: string): CommandEnd {
  const message = `${name} cannot be read: ${reason}`;
  return new CommandEnd('bad_input', exitCodes.failure, message, { file: name });
}
