/**
 * JSON Pointers (RFC 6901): how a place inside a value is written, in errors and in operations.
 *
 * `''` is the whole value, `/a/0` the first element of member `a`. `~0` stands for `~`, `~1` for
 * `/`.
 */

export type Segment = string | number;

/** How much of a long pointer an error repeats. */
const shownChars = 512;

export function formatPointer(segments: readonly Segment[]): string {
  let pointer = '';
  for (const segment of segments) {
    pointer += typeof segment === 'number' ? `/${segment}` : `/${escapeSegment(segment)}`;
  }
  return pointer;
}

/** The pointer as an error may carry it: of bounded length, and without lone surrogates. */
export function shownPointer(segments: readonly Segment[]): string {
  const pointer = formatPointer(segments);
  const cut = pointer.length > shownChars ? `${pointer.slice(0, shownChars)}…` : pointer;
  return cut.toWellFormed();
}

/** Undefined where the text is no pointer: no leading slash, or a `~` without 0 or 1 behind it. */
export function parsePointer(pointer: string): string[] | undefined {
  if (pointer === '') return [];
  if (!pointer.startsWith('/')) return undefined;
  const segments = pointer.slice(1).split('/');
  if (!pointer.includes('~')) return segments;
  return /~(?![01])/.test(pointer) ? undefined : segments.map(unescapeSegment);
}

function escapeSegment(segment: string): string {
  return segment.replaceAll('~', '~0').replaceAll('/', '~1');
}

function unescapeSegment(segment: string): string {
  return segment.replaceAll('~1', '/').replaceAll('~0', '~');
}
