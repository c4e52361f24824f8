/**
 * Work whose result comes bit by bit, as lines of JSON: what is known goes out when it is known.
 *
 * L1. The last line is `{"end": …}`, or `{"error": …}`: an answer without one was cut off.
 * L2. The work stops when the reader goes, the token ends, or the server drains.
 * L3. An empty line now and then tells whatever lies between that the answer is alive.
 */
import type { Clock, Timer } from '../../internal/clock.ts';
import { asHoldfastError } from '../../protocol/index.ts';

export interface LineStreamParts {
  readonly clock: Clock;
  /** Aborts when the answer must end. */
  readonly ended: AbortSignal;
  /** Called once, at the end. */
  leave(): void;
}

export interface LineWriter {
  readonly signal: AbortSignal;
  write(line: object): void;
  /** The same, but left out where the lines before wait to be read, or one came just now. */
  hint(line: object): void;
}

const aliveMs = 10_000;
const hintMs = 200;
const encoder = new TextEncoder();

/** What `work` returns is the end. */
export function lineStream(
  work: (lines: LineWriter) => Promise<object>,
  { clock, ended, leave }: LineStreamParts,
): Response {
  const gone = new AbortController();
  const signal = AbortSignal.any([gone.signal, ended]);
  let timer: Timer | undefined;
  let hintedAt = -Infinity;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const send = (text: string): void => {
        if (!gone.signal.aborted) controller.enqueue(encoder.encode(`${text}\n`));
      };
      const beat = (): void => {
        if ((controller.desiredSize ?? 0) > 0) send('');
        timer = clock.after(aliveMs, beat);
      };
      timer = clock.after(aliveMs, beat);
      const write = (line: object): void => send(JSON.stringify(line));
      const hint = (line: object): void => {
        const now = clock.monotonic();
        if ((controller.desiredSize ?? 0) <= 0 || now - hintedAt < hintMs) return;
        hintedAt = now;
        write(line);
      };
      const told = async (): Promise<void> => {
        try {
          write({ end: await work({ signal, write, hint }) });
        } catch (error) {
          const { code, message } = asHoldfastError(ended.aborted ? ended.reason : error);
          write({ error: { code, detail: message } });
        }
        timer?.cancel();
        leave();
        if (!gone.signal.aborted) controller.close();
      };
      void told();
    },
    cancel: () => gone.abort(),
  });
  return new Response(body, { headers: { 'content-type': 'application/jsonl' } });
}
