/** Numbers, sizes, times and values as a person reads them. */
import type { StoredValue } from '../../ledger/index.ts';

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

export function formatBytes(bytes: number): string {
  let amount = bytes;
  let unit = 0;
  while (amount >= 1024 && unit < units.length - 1) {
    amount /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || amount >= 100 ? 0 : 1;
  return `${amount.toFixed(digits)} ${units[unit] ?? ''}`;
}

export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

/** `1 app`, `2 apps`, `1,000 entries`. */
export function formatCounted(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** ISO 8601, in UTC: sorts, and means the same everywhere. */
export function formatTime(ms: number): string {
  return new Date(ms).toISOString().replace('T', ' ').replace('.000Z', 'Z');
}

const spans = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
] as const;

/** The two largest units of a span: `2d 3h`, `450ms`. */
export function formatSpan(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)}ms`;
  const parts: string[] = [];
  let left = ms;
  for (const [name, length] of spans) {
    const count = Math.floor(left / length);
    left -= count * length;
    if (count > 0) parts.push(`${count}${name}`);
    if (parts.length === 2) break;
  }
  return parts.join(' ');
}

export function formatExpiry(expiresAt: number | undefined, now: number): string {
  if (expiresAt === undefined) return '';
  return expiresAt > now ? `in ${formatSpan(expiresAt - now)}` : 'expired';
}

/** One line; bytes as their number. */
export function formatValue(value: StoredValue | undefined): string {
  if (value === undefined) return '';
  return typeof value.content === 'string'
    ? value.content
    : `<${formatBytes(value.size)} of bytes>`;
}

/** The members of a JSON object that show a value without parsing it: text as it is, or base64. */
export function valueMember(value: StoredValue, name = 'value'): string {
  const { content } = value;
  if (typeof content === 'string') return `"${name}":${content}`;
  const bytesName = name === 'value' ? 'base64' : `${name}Base64`;
  return `"${bytesName}":"${Buffer.from(content).toString('base64')}"`;
}
