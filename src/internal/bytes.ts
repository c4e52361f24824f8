/**
 * Text and bytes on any runtime: Node's own functions where there are some, the platform's
 * elsewhere.
 *
 * The ledger's door also runs in browsers; what is on the path of every write must stay as quick
 * as Node can make it.
 */

type NodeBuffer = typeof Buffer;

const node = (globalThis as { readonly Buffer?: NodeBuffer }).Buffer;
const encoder = new TextEncoder();
/** `String.fromCharCode` takes its units as arguments, of which there may be only so many. */
const chunkUnits = 8192;

/** The bytes that `text` takes in UTF-8. */
export const utf8Length: (text: string) => number =
  node === undefined ? (text) => encoder.encode(text).byteLength : (text) => node.byteLength(text);

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  if (node !== undefined) return node.compare(a, b) === 0;
  return a.every((byte, index) => byte === b[index]);
}

export function toBase64(bytes: Uint8Array): string {
  if (node !== undefined) {
    return node.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  }
  let units = '';
  for (let at = 0; at < bytes.length; at += chunkUnits) {
    units += String.fromCharCode(...bytes.subarray(at, at + chunkUnits));
  }
  return btoa(units);
}

/** Undefined if `text` is not base64, padded or not. */
export function fromBase64(text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  try {
    return Uint8Array.from(atob(text), (unit) => unit.charCodeAt(0));
  } catch {
    return undefined;
  }
}
