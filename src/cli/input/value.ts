/** The value of `set`: an argument, standard input (`-`) or a file (`@path`). */
import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { limits, StoredValue } from '../../ledger/index.ts';
import { unreadable, usageError } from '../failure.ts';

/** `json` is parsed and checked, `text` becomes a JSON string, `bytes` are kept as they are. */
export type ValueFormat = 'json' | 'text' | 'bytes';

export async function readValue(source: string, format: ValueFormat): Promise<StoredValue> {
  const bytes = await readSource(source);
  if (format === 'bytes') return StoredValue.of(new Uint8Array(bytes), limits.valueBytesMax);
  const text = decodeText(bytes, source);
  if (format === 'text') return StoredValue.of(text, limits.valueBytesMax);
  try {
    JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw usageError(
      `the value is not JSON (${reason}); for text use --text, for a file's bytes --bytes`,
    );
  }
  return StoredValue.parse(text, limits.valueBytesMax);
}

async function readSource(source: string): Promise<Buffer> {
  if (source === '-') return buffer(process.stdin);
  if (!source.startsWith('@')) return Buffer.from(source);
  const path = source.slice(1);
  try {
    return await readFile(path);
  } catch (error) {
    throw unreadable(path, error);
  }
}

function decodeText(bytes: Buffer, source: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    const name = source === '-' ? 'standard input' : source;
    throw usageError(`${name} is not UTF-8 text; use --bytes to keep it as bytes`);
  }
}
