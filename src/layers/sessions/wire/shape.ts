/**
 * Protobuf messages, described once: each field's number and type.
 *
 * W1. A field that is undefined is not written. A plain number or text that is zero or empty is not
 *     written either and reads as that, as proto3 has it; `optional` and members of a `oneof` are
 *     written whenever they are there.
 * W2. A reader passes over fields that it does not know. Of a field that comes twice the last one
 *     counts, of a `oneof` the member that came last; messages that come twice are merged.
 * W3. Bytes that are no such message are `protocol`; nothing else is thrown for them.
 *
 * The bytes are written and read by `@bufbuild/protobuf`. Shapes stand here instead of generated
 * code because there is no compiler to run, and because `oneof` is an ordinary optional field.
 */
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { HoldfastError } from '../../../errors/index.ts';

interface Scalar<T> {
  readonly wireType: WireType;
  /** What is not written, and what a field that is not there reads as. */
  readonly none: T | undefined;
  write(writer: BinaryWriter, value: T): void;
  /** `before` is what the field was already. */
  read(reader: BinaryReader, before: T | undefined): T;
}

export interface Field<T> {
  readonly number: number;
  readonly scalar: Scalar<unknown>;
  readonly isRepeated: boolean;
  /** Only carries the type of the field's values. */
  readonly sample?: T;
}

type Fields = Readonly<Record<string, Field<unknown>>>;
type ValueOf<F> = F extends Field<infer T> ? T : never;
/** Fields that may be undefined may be left out. */
export type Fielded<F extends Fields> = {
  readonly [K in keyof F as undefined extends ValueOf<F[K]> ? never : K]: ValueOf<F[K]>;
} & {
  readonly [K in keyof F as undefined extends ValueOf<F[K]> ? K : never]?: ValueOf<F[K]>;
};

export interface Shape<T> {
  write(writer: BinaryWriter, message: T): void;
  /** `onto`: what is read is added to it. */
  read(reader: BinaryReader, end: number, onto?: T): T;
  encode(message: T): Uint8Array;
  /** Throws `protocol`. */
  decode(bytes: Uint8Array): T;
}

function scalar<T>(
  wireType: WireType,
  none: T | undefined,
  write: (writer: BinaryWriter, value: T) => void,
  read: (reader: BinaryReader, before: T | undefined) => T,
): Scalar<T> {
  return { wireType, none, write, read };
}

const textScalar = scalar<string>(
  WireType.LengthDelimited,
  '',
  (writer, value) => writer.string(value),
  (reader) => reader.string(true),
);
const bytesScalar = scalar<Uint8Array>(
  WireType.LengthDelimited,
  undefined,
  (writer, value) => writer.bytes(value),
  // A copy: what is kept must not keep the whole frame.
  (reader) => reader.bytes().slice(),
);
const hexScalar = scalar<string>(
  WireType.LengthDelimited,
  undefined,
  (writer, value) => writer.bytes(hexToBytes(value)),
  (reader) => bytesToHex(reader.bytes()),
);
const longScalar = scalar<bigint>(
  WireType.Varint,
  0n,
  (writer, value) => writer.uint64(value),
  (reader) => BigInt(reader.uint64()),
);
const countScalar = scalar<number>(
  WireType.Varint,
  0,
  (writer, value) => writer.uint64(value),
  (reader) => whole(BigInt(reader.uint64())),
);
const flagScalar = scalar<boolean>(
  WireType.Varint,
  false,
  (writer, value) => writer.bool(value),
  (reader) => reader.bool(),
);

function whole(value: bigint): number {
  if (value <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value);
  throw new HoldfastError('protocol', 'a number is beyond 2^53-1');
}

function plain<T>(of: Scalar<T>) {
  return (number: number): Field<T> => ({ number, scalar: of, isRepeated: false });
}

function optional<T>(of: Scalar<T>) {
  return (number: number): Field<T | undefined> => {
    return { number, scalar: { ...of, none: undefined }, isRepeated: false };
  };
}

/** proto3 fields without presence. */
export const text = plain(textScalar);
export const count = plain(countScalar);
export const flag = plain(flagScalar);
export const long = plain(longScalar);
/** Fields with presence, members of a `oneof` among them. */
export const optionalText = optional(textScalar);
export const optionalBytes = optional(bytesScalar);
export const optionalCount = optional(countScalar);
/** Bytes that are lower-case hex in memory. */
export const optionalHex = optional(hexScalar);

export function embedded<T>(number: number, shape: Shape<T>): Field<T | undefined> {
  return { number, scalar: embeddedScalar(shape), isRepeated: false };
}

export function repeated<T>(number: number, shape: Shape<T>): Field<readonly T[]> {
  return { number, scalar: embeddedScalar(shape), isRepeated: true };
}

export function repeatedText(number: number): Field<readonly string[]> {
  return { number, scalar: textScalar, isRepeated: true };
}

function embeddedScalar<T>(shape: Shape<T>): Scalar<T> {
  return scalar<T>(
    WireType.LengthDelimited,
    undefined,
    (writer, value) => {
      writer.fork();
      shape.write(writer, value);
      writer.join();
    },
    (reader, before) => {
      const length = reader.uint32();
      return shape.read(reader, reader.pos + length, before);
    },
  );
}

/** The fields as a reader finds them; `others` are the members that exclude a field. */
function numbered(fields: Fields, oneOf: readonly (readonly string[])[]) {
  return new Map(
    Object.entries(fields).map(([name, field]) => {
      const group = oneOf.find((names) => names.includes(name)) ?? [];
      return [field.number, { name, others: group.filter((other) => other !== name), ...field }];
    }),
  );
}

const noItems: readonly unknown[] = [];

/** `oneOf` names groups of fields of which at most one is there. */
export function shape<F extends Fields>(
  fields: F,
  oneOf: readonly (readonly (keyof F & string)[])[] = [],
): Shape<Fielded<F>> {
  const entries = Object.entries(fields);
  const byNumber = numbered(fields, oneOf);
  const blank = Object.fromEntries(
    entries.map(([name, { scalar, isRepeated }]) => [name, isRepeated ? noItems : scalar.none]),
  );

  function write(writer: BinaryWriter, message: Readonly<Record<string, unknown>>): void {
    for (const [name, { number, scalar, isRepeated }] of entries) {
      const value = message[name];
      if (value === undefined || (!isRepeated && value === scalar.none)) continue;
      for (const item of isRepeated ? (value as readonly unknown[]) : [value]) {
        writer.tag(number, scalar.wireType);
        scalar.write(writer, item);
      }
    }
  }

  function read(
    reader: BinaryReader,
    end: number,
    onto: Readonly<Record<string, unknown>> = blank,
  ): Record<string, unknown> {
    if (end > reader.len) throw new RangeError('the message is cut off');
    const message = { ...onto };
    while (reader.pos < end) {
      const [number, wireType] = reader.tag();
      const field = byNumber.get(number);
      if (field === undefined || field.scalar.wireType !== wireType) {
        reader.skip(wireType, number);
        continue;
      }
      const { name, scalar, isRepeated, others } = field;
      if (isRepeated) {
        if (message[name] === onto[name]) message[name] = [...(onto[name] as unknown[])];
        (message[name] as unknown[]).push(scalar.read(reader, undefined));
      } else {
        message[name] = scalar.read(reader, message[name]);
        for (const other of others) message[other] = undefined;
      }
    }
    if (reader.pos !== end) throw new RangeError('a field reaches beyond its message');
    return message;
  }

  const made: Shape<Record<string, unknown>> = {
    write,
    read,
    encode(message) {
      const writer = new BinaryWriter();
      write(writer, message);
      return writer.finish();
    },
    decode(bytes) {
      try {
        return read(new BinaryReader(bytes), bytes.byteLength);
      } catch (error) {
        throw new HoldfastError('protocol', 'the bytes are not the message that they should be', {
          cause: error,
        });
      }
    },
  };
  return made as unknown as Shape<Fielded<F>>;
}
