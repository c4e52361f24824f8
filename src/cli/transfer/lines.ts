/** Lines of a byte stream, with the number of bytes that were read so far. */
import { CommandEnd } from '../failure.ts';
import { exitCodes } from '../exit-codes.ts';

export interface TextLine {
  readonly number: number;
  readonly text: string;
  /** Bytes up to the end of this line. */
  readonly offset: number;
}

const newline = 10;

export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<TextLine> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });
  let pieces: Uint8Array[] = [];
  let number = 0;
  let offset = 0;
  const line = (last: Uint8Array): TextLine => {
    const bytes = pieces.length === 0 ? last : Buffer.concat([...pieces, last]);
    pieces = [];
    number += 1;
    try {
      return { number, offset, text: decoder.decode(bytes) };
    } catch {
      throw badLine(number, 'is not UTF-8');
    }
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      offset += end + 1 - start;
      yield line(chunk.subarray(start, end));
      start = end + 1;
    }
    if (start === chunk.length) continue;
    offset += chunk.length - start;
    pieces.push(chunk.subarray(start));
  }
  if (pieces.length > 0) yield line(new Uint8Array());
}

export function badLine(number: number, reason: string): CommandEnd {
  const message = `line ${number} ${reason}; the lines before it were imported`;
  return new CommandEnd('bad_input', exitCodes.failure, message, { line: number });
}
