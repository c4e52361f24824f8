/** The events of one key that wait for a retry, oldest first. */
import type { Timer } from '../../../internal/clock.ts';
import type { EventHead } from '../trigger-event.ts';

/** As it is stored. */
export interface ParkedRow {
  readonly head: EventHead;
  /** Attempts so far. */
  readonly failed: number;
  readonly retryAt: number;
  /** Of the last attempt; empty if there was none. */
  readonly error: string;
}

export interface ParkedEntry {
  readonly key: string;
  readonly row: ParkedRow;
}

export class ParkedQueue {
  readonly digest: string;
  readonly entries: ParkedEntry[] = [];
  /** Events on their way in. */
  appending = 0;
  /** Whether the first is being tried. */
  isRunning = false;
  timer: Timer | undefined;

  constructor(digest: string) {
    this.digest = digest;
  }
}
