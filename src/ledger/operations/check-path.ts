/**
 * Paths of operations: a JSON Pointer or a list of segments in, a list of segments out.
 *
 * A pointer gives text segments only. Whether `0` means a member or an element is decided by what
 * is there when the operation applies; a number in a list always means an element.
 */
import { utf8Length } from '../../internal/bytes.ts';
import { limits } from '../limits.ts';
import { parsePointer } from '../value/index.ts';
import type { Segment } from '../value/index.ts';
import { invalidOperation, overLimit, shown } from './operation-errors.ts';
import type { Which } from './operation-errors.ts';

/** The largest index that an array can have. */
export const maxIndex = 2 ** 32 - 2;

const root: readonly Segment[] = [];

/** Names through which an assignment could reach a prototype. */
export function isForbiddenName(name: string): boolean {
  return name === '__proto__' || name === 'constructor' || name === 'prototype';
}

/** The index that a text segment means, or undefined. No signs, no leading zeroes. */
export function indexFrom(segment: string): number | undefined {
  if (!/^(?:0|[1-9]\d{0,9})$/.test(segment)) return undefined;
  const index = Number(segment);
  return index <= maxIndex ? index : undefined;
}

export function checkPath(which: Which, path: unknown): readonly Segment[] {
  if (path === undefined || path === '') return root;
  if (typeof path === 'string') return checkSegments(which, segmentsOf(which, path));
  if (Array.isArray(path)) return checkSegments(which, path);
  throw invalidOperation(
    which,
    'path',
    'needs a path that is a JSON Pointer or a list of segments',
  );
}

function segmentsOf(which: Which, pointer: string): string[] {
  // Splitting is bounded before it starts: escapes at most double a segment.
  const most = limits.pathSegments * (limits.segmentBytes * 2 + 1);
  if (pointer.length > most) throw overLimit(which, 'path', 'has too long a path', most);
  const segments = parsePointer(pointer);
  if (segments !== undefined) return segments;
  const why = pointer.startsWith('/')
    ? "has a '~' that is neither ~0 nor ~1"
    : 'begins without a slash';
  throw invalidOperation(which, 'pointer', `has the path ${shown(pointer)}, which ${why}`);
}

function checkSegments(which: Which, given: readonly unknown[]): readonly Segment[] {
  const { length } = given;
  if (length > limits.pathSegments) {
    throw overLimit(which, 'path', `has ${length} path segments`, limits.pathSegments);
  }
  const segments: Segment[] = [];
  // By index, so that a hole is met like any other thing that is no segment.
  for (let index = 0; index < length; index += 1) segments.push(checkSegment(which, given[index]));
  return segments;
}

function checkSegment(which: Which, segment: unknown): Segment {
  if (typeof segment === 'number') {
    if (Number.isInteger(segment) && segment >= 0 && segment <= maxIndex) return segment + 0;
    throw invalidOperation(which, 'segment', `has ${segment} in its path, which is no array index`);
  }
  if (typeof segment !== 'string') {
    throw invalidOperation(
      which,
      'segment',
      'has a path segment that is neither text nor a number',
    );
  }
  if (isForbiddenName(segment)) {
    throw invalidOperation(
      which,
      'forbidden_name',
      `has '${segment}' in its path, which is refused`,
    );
  }
  if (!segment.isWellFormed()) {
    throw invalidOperation(which, 'segment', `has a lone surrogate in the path: ${shown(segment)}`);
  }
  if (segment.length * 3 > limits.segmentBytes) {
    const bytes = utf8Length(segment);
    if (bytes > limits.segmentBytes) {
      throw overLimit(
        which,
        'segment',
        `has a path segment of ${bytes} bytes`,
        limits.segmentBytes,
      );
    }
  }
  return segment;
}
