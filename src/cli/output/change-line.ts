/** One change as a person reads it: when, what, where, and the value or what is different of it. */
import { styleText } from 'node:util';
import type { Change, Commit, StoredValue } from '../../ledger/index.ts';
import { formatValue } from './format.ts';

const marks = {
  created: ['green', '+'],
  updated: ['yellow', '~'],
  deleted: ['red', '-'],
  expired: ['magenta', '×'],
} as const;

/** More differences than this are told as the whole value. */
const differencesMax = 4;
// oxlint-disable-next-line no-control-regex -- what must not reach a terminal
const control = /[\u0000-\u001f\u007f-\u009f]/g;

export function changeLine(commit: Commit, change: Change, width: number): string {
  const [color, mark] = marks[change.kind];
  const time = new Date(commit.time).toISOString().slice(11, 23);
  const place = `${change.scope}/${change.key}`.replaceAll(control, '�');
  const who = commit.actor === undefined ? '' : ` ${commit.actor}`;
  const head = `${time} ${mark} ${change.kind.padEnd(7)} ${place} `;
  const room = Math.max(20, width - head.length - who.length - 1);
  const text = cut(valueOf(change).replaceAll(control, '�'), room);
  const painted = styleText(color, `${mark} ${change.kind.padEnd(7)}`);
  const where = styleText('bold', place);
  return `${styleText('dim', time)} ${painted} ${where} ${text}${styleText('dim', who)}`;
}

function valueOf({ kind, value, previous, erased }: Change): string {
  if (erased === true) return '<erased>';
  if (kind !== 'updated') return formatValue(value);
  const before = previous?.value;
  if (value === undefined || before === undefined || value.isBytes || before.isBytes) {
    return formatValue(value);
  }
  return differenceText(before, value);
}

/** `visits: 1 → 2, name: "Ada" → none`; the whole value where too much is different. */
export function differenceText(before: StoredValue, after: StoredValue): string {
  const found: string[] = [];
  collect('', before.decode(), after.decode(), found);
  if (found.length === 0) return `${formatValue(after)} (the same)`;
  return found.length > differencesMax ? formatValue(after) : found.join(', ');
}

function collect(path: string, before: unknown, after: unknown, found: string[]): void {
  if (found.length > differencesMax) return;
  if (!isPlain(before) || !isPlain(after)) {
    const [was, is] = [shown(before), shown(after)];
    if (was !== is) found.push(path === '' ? `${was} → ${is}` : `${path}: ${was} → ${is}`);
    return;
  }
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const deeper = path === '' ? name : `${path}.${name}`;
    collect(deeper, member(before, name), member(after, name), found);
  }
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function member(value: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(value, name) ? value[name] : undefined;
}

function shown(value: unknown): string {
  return value === undefined ? 'none' : JSON.stringify(value);
}

function cut(text: string, width: number): string {
  const points = Array.from(text);
  return points.length <= width ? text : `${points.slice(0, width - 1).join('')}…`;
}
