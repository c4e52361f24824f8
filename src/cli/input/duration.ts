/** Spans of time as people write them: `250ms`, `90s`, `5m`, `1h30m`, `7d`. */
import { usageError } from '../failure.ts';

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

export function parseDuration(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)];
  const read = parts.map(([part]) => part).join('');
  if (parts.length === 0 || read !== text) {
    throw usageError(`'${text}' is no span of time; write 250ms, 90s, 5m, 1h30m or 7d`);
  }
  const ms = parts.reduce(
    (sum, [, count, unit = '']) => sum + Number(count) * (unitMs[unit] ?? 0),
    0,
  );
  return Math.round(ms);
}
