/**
 * A progress bar on standard error: what is done, of a total that is known, and how fast.
 *
 * It says nothing that was not counted: without a known total there is a count and no bar. Where
 * standard error is no terminal there is none at all.
 */
import { SingleBar } from 'cli-progress';
import type { Clock } from '../../internal/clock.ts';
import { formatBytes, formatCount, formatSpan } from './format.ts';

export type ProgressUnit = 'bytes' | 'entries';

export interface Progress {
  /** How much is done by now; `note` is shown behind the bar. */
  update(done: number, note?: string): void;
  /** It is all done: so much there was, whatever was expected. */
  finish(done: number, note?: string): void;
  /** Takes the bar away. */
  end(): void;
}

const silent: Progress = {
  update: () => undefined,
  finish: () => undefined,
  end: () => undefined,
};
const refreshMs = 100;

export interface ProgressOptions {
  readonly label: string;
  readonly unit: ProgressUnit;
  readonly total: number | undefined;
  readonly clock: Clock;
  readonly stream: NodeJS.WriteStream;
  readonly quiet: boolean;
}

export function startProgress(options: ProgressOptions): Progress {
  const { label, unit, total, clock, stream, quiet } = options;
  if (quiet || !stream.isTTY) return silent;
  const show = unit === 'bytes' ? formatBytes : formatCount;
  const startedAt = clock.monotonic();
  const bar = new SingleBar({
    stream,
    hideCursor: true,
    clearOnComplete: true,
    stopOnComplete: false,
    // A signal ends the command, which takes its bar away; see below for one that cannot.
    gracefulExit: false,
    format: (_options, { value, total: all }, { note }: { note?: string }) => {
      const spentMs = Math.max(1, clock.monotonic() - startedAt);
      const rate = `${show(Math.round((value / spentMs) * 1000))}/s`;
      const behind = note === undefined || note === '' ? '' : `  ${note}`;
      if (total === undefined) return `${label}  ${show(value)}  ${rate}${behind}`;
      const share = all === 0 ? 1 : Math.min(1, value / all);
      const left = value === 0 ? '' : leftOf((spentMs * (1 - share)) / share);
      const percent = `${Math.floor(share * 100)}%`.padStart(4);
      return `${label}  ${barOf(share)} ${percent}  ${show(value)} of ${show(all)}  ${rate}${left}${behind}`;
    },
  });
  bar.start(total ?? 0, 0, {});
  // A process that is ended at once would leave the terminal without its cursor.
  const stop = (): void => bar.stop();
  process.once('exit', stop);
  let shownAt = -Infinity;
  return {
    update(done, note) {
      const now = clock.monotonic();
      if (now - shownAt < refreshMs) return;
      shownAt = now;
      bar.update(done, { note });
    },
    finish(done, note) {
      bar.setTotal(done);
      bar.update(done, { note });
    },
    end() {
      process.off('exit', stop);
      bar.stop();
    },
  };
}

/** In whole seconds: less than one is as good as done. */
function leftOf(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds === 0 ? '' : `  ${formatSpan(seconds * 1000)} left`;
}

const barWidth = 28;

function barOf(share: number): string {
  const full = Math.floor(share * barWidth);
  return `${'█'.repeat(full)}${'░'.repeat(barWidth - full)}`;
}
