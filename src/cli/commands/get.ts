/** `holdfast get SCOPE KEY`: one value, as it is. */
import { styleText } from 'node:util';
import type { Context } from '../context.ts';
import { CommandEnd } from '../failure.ts';
import { exitCodes } from '../exit-codes.ts';
import { entryJson } from './entry-shape.ts';

export interface GetOptions {
  /** Everything about the entry, not its value alone. */
  readonly entry?: boolean | undefined;
  /** Text without quotes, bytes as bytes, and no line end. */
  readonly raw?: boolean | undefined;
}

export async function get(
  context: Context,
  scope: string,
  key: string,
  options: GetOptions,
): Promise<void> {
  const [entry] = await context.withLedger('read', (ledger) => ledger.read([{ scope, key }]));
  if (entry === undefined) throw notFound(scope, key);
  const { output } = context;
  const { content } = entry.value;
  if (options.entry === true) {
    await output.text(
      context.isJson ? `${entryJson(entry)}\n` : pretty(JSON.parse(entryJson(entry))),
    );
  } else if (options.raw === true) {
    const value = typeof content === 'string' ? entry.value.decode() : content;
    if (value instanceof Uint8Array) await output.bytes(value);
    else await output.text(typeof value === 'string' ? value : String(content));
  } else if (context.isJson) {
    await output.text(`${typeof content === 'string' ? content : JSON.stringify(entry.value)}\n`);
  } else {
    await output.text(pretty(entry.value.toJSON()));
  }
}

function pretty(value: unknown): string {
  return `${styleText('reset', JSON.stringify(value, undefined, 2))}\n`;
}

export function notFound(scope: string, key: string): CommandEnd {
  const message = `there is no '${key}' in '${scope}'`;
  return new CommandEnd('not_found', exitCodes.notFound, message, { scope, key });
}
