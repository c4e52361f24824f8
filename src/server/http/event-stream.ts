/**
 * A watch as server-sent events.
 *
 * V1. Pulled: a reader that is slow holds one page, and a writer nothing.
 * V2. Every event carries the position to resume behind, the first one before any commit.
 * V3. It ends when the reader goes, the token ends, or the server drains.
 */
import type { Clock, Timer } from '../../internal/clock.ts';
import type { LogPage, Position } from '../../ledger/index.ts';
import { asHoldfastError } from '../../protocol/index.ts';
import { commitText, positionText } from './wire/json-text.ts';

export interface EventStreamParts {
  readonly start: Position;
  readonly clock: Clock;
  /** Aborted when the reader goes. */
  readonly stop: AbortController;
  readonly going: AbortSignal;
  /** Called once, at the end. */
  leave(): void;
}

/** So that what lies between does not take a silent stream for a dead one. */
const aliveMs = 15_000;
const encoder = new TextEncoder();

export function eventStream(pages: AsyncIterable<LogPage>, parts: EventStreamParts): Response {
  const iterator = pages[Symbol.asyncIterator]();
  let timer: Timer | undefined;
  let isOver = false;
  const over = (): void => {
    if (isOver) return;
    isOver = true;
    timer?.cancel();
    parts.stop.abort();
    parts.leave();
    void Promise.resolve(iterator.return?.()).catch(() => undefined);
  };
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const { start, clock } = parts;
      const position = positionText(start);
      controller.enqueue(encoder.encode(event('ready', position, JSON.stringify({ position }))));
      const beat = (): void => {
        if (isOver) return;
        // Nobody reads: what waits already shows that the stream is alive.
        if ((controller.desiredSize ?? 0) > 0) controller.enqueue(encoder.encode(':\n\n'));
        timer = clock.after(aliveMs, beat);
      };
      timer = clock.after(aliveMs, beat);
    },
    async pull(controller) {
      try {
        const step = await iterator.next();
        if (isOver) return;
        const isEnd = step.done === true || step.value.kind !== 'commits';
        if (step.done !== true) controller.enqueue(encoder.encode(eventsOf(step.value)));
        if (!isEnd) return;
      } catch (error) {
        const { code, message } = asHoldfastError(error);
        const data = JSON.stringify({ code, detail: message });
        if (!isOver) controller.enqueue(encoder.encode(event('error', undefined, data)));
      }
      over();
      controller.close();
    },
    cancel: over,
  });
  return new Response(body, {
    headers: {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    },
  });
}

function eventsOf(page: LogPage): string {
  if (page.kind !== 'commits') {
    return event(page.kind, undefined, JSON.stringify({ head: positionText(page.head) }));
  }
  const { commits } = page;
  const events = commits.map((commit) =>
    event('commit', positionText(commit.position), commitText(commit)),
  );
  return events.join('');
}

/** JSON text holds no line ends, so one line of data is enough. */
function event(name: string, id: string | undefined, data: string): string {
  return `event: ${name}\n${id === undefined ? '' : `id: ${id}\n`}data: ${data}\n\n`;
}
