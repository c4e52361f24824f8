/**
 * One frame is one message: a line of JSON (the header), then raw values end to end.
 *
 * F1. A value stands in the header as a slot, an index into the header's `values`, a table of
 *     `[kind, byteLength]` in the order of the bytes behind the line. So values pass undecoded.
 * F2. Equal values of one frame are sent once.
 * F3. Bytes that are not a frame are `protocol`; nothing else is ever thrown for them.
 * F4. What was read from a frame shares no memory with it.
 *
 * Not here: what a header means. Runs in browsers too, so no `Buffer`.
 */
import { HoldfastError } from '../../errors/index.ts';
import type { ErrorCode } from '../../errors/index.ts';

/** Larger frames are refused by both sides: a page of them must be asked for in smaller pieces. */
export const frameBytesMax = 256 * 1024 * 1024;

/** Text (as UTF-8) or raw bytes. */
export type Content = string | Uint8Array;
type Header = Readonly<Record<string, unknown>>;

const lineEnd = 0x0a;
const encoder = new TextEncoder();
// A byte order mark is part of what somebody wrote, so it must not be swallowed.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

type Row = readonly [kind: 't' | 'b', byteLength: number];

/** Small frames are put together here, so that each costs one allocation: its own. */
const scratch = new Uint8Array(64 * 1024);
/** UTF-8 takes at most this for each unit of a text. */
const bytesPerUnitMax = 3;

export class FrameWriter {
  /** What a value of the wrong type is: the caller's mistake, or our own. */
  readonly blame: ErrorCode;
  readonly #contents: Content[] = [];
  /** Of more than one value. */
  #slots: Map<Content, number> | undefined;
  /** At least as much as the values take, of text in units. */
  #size = 0;
  #isText = true;

  constructor(blame: ErrorCode) {
    this.blame = blame;
  }

  slotOf(content: Content): number {
    const contents = this.#contents;
    const known = this.#slots?.get(content) ?? (contents[0] === content ? 0 : undefined);
    if (known !== undefined) return known;
    const slot = contents.length;
    contents.push(content);
    if (slot === 1) this.#slots = new Map(contents.map((one, at) => [one, at]));
    else this.#slots?.set(content, slot);
    this.#isText &&= typeof content === 'string';
    this.#size += content.length;
    checkSize(this.#size);
    return slot;
  }

  finish(header: Header): Uint8Array {
    const fits = this.#size * bytesPerUnitMax <= scratch.byteLength / 2;
    return this.#isText && fits ? this.#small(header) : this.#large(header);
  }

  #small(header: Header): Uint8Array {
    const table: Row[] = [];
    let at = 0;
    for (const content of this.#contents) {
      const { written } = encoder.encodeInto(content as string, scratch.subarray(at));
      table.push(['t', written]);
      at += written;
    }
    const text = lineOf(header, table);
    if (text.length * bytesPerUnitMax > scratch.byteLength - at) return this.#large(header);
    const line = encoder.encodeInto(text, at === 0 ? scratch : scratch.subarray(at)).written;
    const frame = new Uint8Array(line + at);
    frame.set(scratch.subarray(at, at + line));
    if (at > 0) frame.set(scratch.subarray(0, at), line);
    return frame;
  }

  #large(header: Header): Uint8Array {
    const table: Row[] = [];
    const parts: Uint8Array[] = [];
    let size = 0;
    for (const content of this.#contents) {
      const part = typeof content === 'string' ? encoder.encode(content) : content;
      table.push([typeof content === 'string' ? 't' : 'b', part.byteLength]);
      parts.push(part);
      size += part.byteLength;
    }
    const line = encoder.encode(lineOf(header, table));
    checkSize(line.byteLength + size);
    const frame = new Uint8Array(line.byteLength + size);
    frame.set(line);
    let at = line.byteLength;
    for (const part of parts) {
      frame.set(part, at);
      at += part.byteLength;
    }
    return frame;
  }
}

function lineOf(header: Header, table: readonly Row[]): string {
  const full = table.length === 0 ? header : { ...header, values: table };
  return `${JSON.stringify(full)}\n`;
}

function checkSize(byteLength: number): void {
  if (byteLength <= frameBytesMax) return;
  throw new HoldfastError('limit_exceeded', `a message takes at most ${frameBytesMax} bytes`, {
    details: { limit: frameBytesMax },
  });
}

interface Place {
  readonly isText: boolean;
  readonly start: number;
  readonly end: number;
}

export class FrameReader {
  readonly header: Header;
  readonly #bytes: Uint8Array;
  readonly #places: readonly Place[];
  readonly #contents = new Map<number, Content>();

  /** Throws `protocol` if the bytes are not a frame. */
  constructor(bytes: Uint8Array) {
    if (bytes.byteLength > frameBytesMax) throw malformed('the frame is too large');
    const line = bytes.indexOf(lineEnd);
    if (line < 0) throw malformed('a frame starts with a line of JSON');
    const header = parseHeader(bytes.subarray(0, line));
    if (!isRecord(header)) throw malformed('the header must be an object');
    this.header = header;
    this.#bytes = bytes;
    this.#places = placesOf(own(header, 'values') ?? [], line + 1, bytes.byteLength);
  }

  /** The value of a slot, decoded once however often it is named. */
  content(slot: unknown): Content {
    const place = typeof slot === 'number' ? this.#places[slot] : undefined;
    if (place === undefined) throw malformed('a value names no slot of the frame');
    const known = this.#contents.get(slot as number);
    if (known !== undefined) return known;
    const { isText, start, end } = place;
    const content = isText ? this.#text(start, end) : this.#bytes.slice(start, end);
    this.#contents.set(slot as number, content);
    return content;
  }

  #text(start: number, end: number): string {
    try {
      return decoder.decode(this.#bytes.subarray(start, end));
    } catch (error) {
      throw malformed('a text value is not UTF-8', error);
    }
  }
}

export function malformed(message: string, cause?: unknown): HoldfastError {
  return new HoldfastError('protocol', message, { cause });
}

export function isRecord(json: unknown): json is Readonly<Record<string, unknown>> {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

/** The field that the sender wrote, never one that objects inherit. */
export function own(json: Readonly<Record<string, unknown>>, field: string): unknown {
  return Object.hasOwn(json, field) ? json[field] : undefined;
}

function parseHeader(line: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(line));
  } catch (error) {
    throw malformed('the header is not JSON', error);
  }
}

function placesOf(table: unknown, first: number, end: number): Place[] {
  if (!Array.isArray(table)) throw malformed('`values` must be an array');
  const places: Place[] = [];
  let start = first;
  for (const row of table as unknown[]) {
    const [kind, byteLength] = Array.isArray(row) ? (row as unknown[]) : [];
    const known = kind === 't' || kind === 'b';
    if (!known || !Number.isSafeInteger(byteLength) || (byteLength as number) < 0) {
      throw malformed('a row of `values` must be ["t" or "b", byte length]');
    }
    const next = start + (byteLength as number);
    if (next > end) throw malformed('the frame is shorter than its values');
    places.push({ isText: kind === 't', start, end: next });
    start = next;
  }
  if (start !== end) throw malformed('the frame is longer than its values');
  return places;
}
