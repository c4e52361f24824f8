/** Our own exports, and any file of `{scope, key, value}` lines. */
import { badLine, linesOf } from '../lines.ts';
import { formatVersion, parseLine } from '../line.ts';
import type { Line } from '../line.ts';
import { CommandEnd } from '../../failure.ts';
import { exitCodes } from '../../exit-codes.ts';
import type { Sourced } from './source.ts';

export async function* readJsonLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Sourced> {
  let isExport = false;
  let entries = 0;
  let announced: number | undefined;
  for await (const { number, text, offset } of linesOf(chunks)) {
    if (text.trim() === '') continue;
    const line = parse(number, text);
    switch (line.kind) {
      case 'entry':
        entries += 1;
        yield { entry: line.entry, done: offset };
        break;
      case 'format':
        isExport = true;
        if (line.format > formatVersion) {
          throw badLine(number, `has format ${line.format}; this version knows ${formatVersion}`);
        }
        break;
      case 'end':
        announced = line.entries;
        break;
    }
  }
  if (isExport && announced !== entries) throw cutOff(entries, announced);
}

function parse(number: number, text: string): Line {
  try {
    return parseLine(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw badLine(number, `cannot be imported: ${reason}`);
  }
}

function cutOff(entries: number, announced: number | undefined): CommandEnd {
  const expected = announced === undefined ? 'its last line is missing' : `it says ${announced}`;
  const message =
    `the export is cut off: it holds ${entries} entries and ${expected}. ` +
    'What it holds was imported; run the import again with the whole file';
  return new CommandEnd('bad_input', exitCodes.failure, message, { entries, announced });
}
