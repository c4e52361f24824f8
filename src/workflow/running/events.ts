/**
 * What a running workflow tells, as it goes. Every event is of this process: a step that is
 * repeated after a crash tells its events again, its state effects come once.
 */
import type { PendingRequest } from '../../layers/runs/index.ts';

export type WorkflowEvent =
  /** At the first checkpoint, or where an earlier process stopped. */
  | { readonly type: 'started'; readonly checkpoint: number; readonly isResumed: boolean }
  | { readonly type: 'step'; readonly step: number; readonly executors: readonly string[] }
  | { readonly type: 'executing'; readonly executor: string; readonly attempt: number }
  | { readonly type: 'executed'; readonly executor: string }
  | { readonly type: 'retrying'; readonly executor: string; readonly error: unknown }
  /** What an executor said with `emit`, at once. */
  | { readonly type: 'progress'; readonly executor: string; readonly data: unknown }
  /** The step is durable. */
  | { readonly type: 'checkpoint'; readonly step: number; readonly checkpoint: number }
  /** Of the step that was just committed, like `request` and `dropped`. */
  | { readonly type: 'output'; readonly executor: string; readonly value: unknown }
  | { readonly type: 'request'; readonly request: PendingRequest }
  /** A message that no edge took. */
  | { readonly type: 'dropped'; readonly from: string; readonly value: unknown }
  | { readonly type: 'answered'; readonly request: string; readonly answer: unknown }
  /** Nothing to do until somebody answers. */
  | { readonly type: 'waiting'; readonly requests: readonly PendingRequest[] }
  | { readonly type: 'completed'; readonly outputs: readonly unknown[] }
  | { readonly type: 'failed'; readonly error: unknown }
  | { readonly type: 'cancelled' }
  | { readonly type: 'stopped' };

const bufferedMax = 1000;

/** From the runner to one reader. While nobody reads, the newest are kept. */
export class EventQueue implements AsyncIterableIterator<WorkflowEvent> {
  #events: WorkflowEvent[] = [];
  #isRead = false;
  #isOver = false;
  #wakeReader: (() => void) | undefined;
  #wakeWriter: (() => void) | undefined;

  push(event: WorkflowEvent): void {
    if (this.#isOver) return;
    if (!this.#isRead && this.#events.length >= bufferedMax) this.#events.shift();
    this.#events.push(event);
    this.#wakeReader?.();
  }

  /** Resolves when the reader, if there is one, has caught up. */
  async room(): Promise<void> {
    while (this.#isRead && !this.#isOver && this.#events.length >= bufferedMax) {
      await new Promise<void>((resolve) => (this.#wakeWriter = resolve));
    }
  }

  end(): void {
    this.#isOver = true;
    this.#wakeReader?.();
    this.#wakeWriter?.();
  }

  async next(): Promise<IteratorResult<WorkflowEvent, undefined>> {
    this.#isRead = true;
    for (;;) {
      const event = this.#events.shift();
      if (event !== undefined) {
        if (this.#events.length === 0) this.#wakeWriter?.();
        return { done: false, value: event };
      }
      if (this.#isOver) return { done: true, value: undefined };
      await new Promise<void>((resolve) => (this.#wakeReader = resolve));
    }
  }

  /** The reader went; the workflow goes on. */
  async return(): Promise<IteratorResult<WorkflowEvent, undefined>> {
    this.#events = [];
    this.end();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
