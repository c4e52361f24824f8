/**
 * A value as it is kept: JSON text or raw bytes, immutable.
 *
 * V1. What you read is what you wrote: `of` and `parse` refuse whatever would not survive
 *     (`json-rules.ts` has the rules), naming the culprit by its path.
 * V2. Nothing that a caller mutates can change a value: bytes are copied in, `decode` is fresh.
 * V3. The text is written by JSON.stringify, whoever sent it; equality is structural all the same.
 *
 * Not here: codecs and schemas, which map richer types before they reach this door.
 */
import type { HoldfastError } from '../../errors/index.ts';
import { equalBytes, toBase64, utf8Length } from '../../internal/bytes.ts';
import { limits } from '../limits.ts';
import { equalJson } from './equal-json.ts';
import { fault, faultError } from './fault.ts';
import type { Fault } from './fault.ts';
import { canonicalText, toJsonText } from './json-text.ts';

/** A unit of text that JSON escapes takes at most this many, so longer texts can't fit. */
const escapeUnits = 6;
const inspectedChars = 120;
const inspect = Symbol.for('nodejs.util.inspect.custom');

export class StoredValue {
  /** As an engine keeps it. Bytes are not to be written to: use `decode` for a copy. */
  readonly content: string | Uint8Array;
  #size = -1;

  private constructor(content: string | Uint8Array) {
    this.content = content;
  }

  /**
   * The validating door for JavaScript values. A StoredValue passes through, a Uint8Array is copied
   * and kept as bytes, anything else must be JSON that survives the round trip. Members whose value
   * is undefined are dropped; -0 becomes 0.
   *
   * Throws `invalid_value`, or `limit_exceeded` beyond `maxBytes` or the depth limit.
   */
  static of(value: unknown, maxBytes: number = limits.valueBytesDefault): StoredValue {
    if (typeof value === 'object' && value !== null) {
      if (value instanceof StoredValue) return fitting(value, maxBytes);
      if (value instanceof Uint8Array) {
        if (value.length > maxBytes) throw tooLarge(value.length, maxBytes);
        return new StoredValue(Uint8Array.from(value));
      }
    }
    return StoredValue.#written(toJsonText(value, maxBytes), maxBytes);
  }

  /**
   * The validating door for JSON text from outside. Integers that JavaScript would round, numbers
   * too large for it, lone surrogate escapes and `__proto__` members are refused; of members with
   * the same key the last one wins, as everywhere in JavaScript. The text is written anew, without
   * blanks.
   */
  static parse(text: string, maxBytes: number = limits.valueBytesDefault): StoredValue {
    if (text.length > maxBytes * escapeUnits) throw tooLarge(undefined, maxBytes);
    return StoredValue.#written(canonicalText(text), maxBytes);
  }

  /** Unchecked and uncopied: for what the store itself wrote, and nothing else. @internal */
  static trusted(content: string | Uint8Array): StoredValue {
    return new StoredValue(content);
  }

  static #written(text: string | Fault, maxBytes: number): StoredValue {
    if (typeof text !== 'string') {
      throw faultError(text, 'the value', text.reason === 'size' ? { limit: maxBytes } : {});
    }
    return fitting(new StoredValue(text), maxBytes);
  }

  get isBytes(): boolean {
    return typeof this.content !== 'string';
  }

  /** UTF-8 bytes of the text, or the number of raw bytes. */
  get size(): number {
    if (this.#size < 0) {
      const { content } = this;
      this.#size = typeof content === 'string' ? utf8Length(content) : content.length;
    }
    return this.#size;
  }

  /**
   * The value, built anew with each call: a plain JSON value, or a `Uint8Array` of the bytes.
   *
   * @example
   * await scope.set('ada', 1);
   * const [entry] = await app.ledger.read([{ scope: 'examples', key: 'ada' }]);
   * entry?.value.decode(); // => 1
   */
  decode(): unknown {
    const { content } = this;
    return typeof content === 'string' ? JSON.parse(content) : Uint8Array.from(content);
  }

  /**
   * Equality of structure: the order of members does not count. Bytes equal bytes only.
   *
   * @example
   * await scope.setMany({ ada: 1, bob: 1 });
   * const keys = ['ada', 'bob'].map((key) => ({ scope: 'examples', key }));
   * const [ada, bob] = await app.ledger.read(keys);
   * ada !== undefined && bob !== undefined && ada.value.equals(bob.value); // => true
   */
  equals(other: StoredValue): boolean {
    const a = this.content;
    const b = other.content;
    if (a === b) return true;
    if (typeof a === 'string') {
      return typeof b === 'string' && equalJson(JSON.parse(a), JSON.parse(b));
    }
    return typeof b !== 'string' && equalBytes(a, b);
  }

  /**
   * For logs and debuggers: the JSON value, or `{ base64 }`. Not how values cross the wire.
   *
   * @example
   * await scope.set('ada', 1);
   * const [entry] = await app.ledger.read([{ scope: 'examples', key: 'ada' }]);
   * entry?.value.toJSON(); // => 1
   */
  toJSON(): unknown {
    const { content } = this;
    if (typeof content === 'string') return JSON.parse(content);
    return { base64: toBase64(content) };
  }

  [inspect](): string {
    const { content } = this;
    if (typeof content !== 'string') return `StoredValue(${content.length} bytes)`;
    const shown =
      content.length > inspectedChars ? `${content.slice(0, inspectedChars)}…` : content;
    return `StoredValue(${shown})`;
  }
}

function fitting(value: StoredValue, maxBytes: number): StoredValue {
  const { content } = value;
  // A UTF-16 unit takes at most three bytes, so a short text needs no counting.
  if (typeof content === 'string' && content.length * 3 <= maxBytes) return value;
  if (value.size > maxBytes) throw tooLarge(value.size, maxBytes);
  return value;
}

function tooLarge(bytes: number | undefined, limit: number): HoldfastError {
  const found = bytes === undefined ? 'is too large' : `has ${bytes} bytes`;
  const details = bytes === undefined ? { limit } : { bytes, limit };
  return faultError(fault('size', `${found}; at most ${limit}`), 'the value', details);
}
