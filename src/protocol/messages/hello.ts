/**
 * The first two messages of a connection: who calls, with which versions and extensions, and what
 * was agreed.
 *
 * G1. `hello` is the first frame of a caller, `welcome` or `unwelcome` the first of a server.
 * G2. The version is the highest that both know; extensions are those that both know.
 * G3. The token travels here alone: in no URL, no header and no log.
 */
import { HoldfastError, isHoldfastError } from '../../errors/index.ts';
import { errorShape } from '../wire/error-shape.ts';
import { FrameReader, FrameWriter, malformed, own } from '../wire/frame.ts';
import { count, list, optional, record, text } from '../wire/shape.ts';

/** The versions that this code speaks; a new one for what an older peer would misread. */
export const protocolVersions: readonly number[] = [1];

/** Of the WebSocket's handshake: what stands behind it is this protocol, in any version. */
export const subprotocol = 'holdfast';

export interface Hello {
  readonly versions: readonly number[];
  /** Name and version of the software, for the server's log. */
  readonly agent: string;
  readonly token?: string | undefined;
  /** A secret of the calling process, the same on each of its connections; see `heartbeat`. */
  readonly instance: string;
  /** Which of the instance's connections this is: each has a higher number than those before. */
  readonly connection: number;
  readonly extensions: readonly string[];
}

export interface Welcome {
  readonly version: number;
  readonly agent: string;
  readonly extensions: readonly string[];
  /** A side that hears nothing for this long says `ping`; silence for twice as long is a loss. */
  readonly keepAliveMs: number;
  /** The largest message that the server takes, and how much may be open at once. */
  readonly limits: {
    readonly messageBytes: number;
    readonly openCalls: number;
    readonly openStreams: number;
  };
}

const helloShape = record<Hello>({
  versions: list(count),
  agent: text,
  token: optional(text),
  instance: text,
  connection: count,
  extensions: list(text),
});

const welcomeShape = record<Welcome>({
  version: count,
  agent: text,
  extensions: list(text),
  keepAliveMs: count,
  limits: record({ messageBytes: count, openCalls: count, openStreams: count }),
});

export function encodeHello(hello: Hello): Uint8Array {
  const frame = new FrameWriter('invalid_argument');
  return frame.finish({ kind: 'hello', ...(helloShape.write(hello, frame, 'hello') as object) });
}

/** Throws `protocol` for anything else. */
export function decodeHello(bytes: Uint8Array): Hello {
  const frame = new FrameReader(bytes);
  if (own(frame.header, 'kind') !== 'hello') throw malformed('a connection begins with a hello');
  return helloShape.read(frame.header, frame, 'hello');
}

export function encodeWelcome(answer: Welcome | HoldfastError): Uint8Array {
  const frame = new FrameWriter('internal');
  if (isHoldfastError(answer)) {
    return frame.finish({ kind: 'unwelcome', error: errorShape.write(answer, frame, 'error') });
  }
  return frame.finish({
    kind: 'welcome',
    ...(welcomeShape.write(answer, frame, 'welcome') as object),
  });
}

/** The error, if the server refuses the connection. Throws `protocol` for anything else. */
export function decodeWelcome(bytes: Uint8Array): Welcome | HoldfastError {
  const frame = new FrameReader(bytes);
  const { header } = frame;
  switch (own(header, 'kind')) {
    case 'welcome':
      return welcomeShape.read(header, frame, 'welcome');
    case 'unwelcome':
      return errorShape.read(own(header, 'error'), frame, 'error');
    default:
      throw malformed('a server answers a hello with welcome or unwelcome');
  }
}

/** Throws `protocol` if there is no version that both know. */
export function agreedVersion(theirs: readonly number[]): number {
  const both = protocolVersions.filter((version) => theirs.includes(version));
  if (both.length > 0) return Math.max(...both);
  const message = `this side speaks version ${protocolVersions.join(', ')} of the protocol only`;
  throw new HoldfastError('protocol', message, {
    details: { versions: protocolVersions, offered: theirs.slice(0, 10) },
  });
}
