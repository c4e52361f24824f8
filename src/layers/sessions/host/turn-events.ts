/** The events of a turn: passed on as they come, and kept for those who ask for the turn again. */
import type { EventMessage } from '../wire/messages.ts';
import type { TurnEvent } from './turn-request.ts';

type KeptEvent = Omit<TurnEvent, 'attempt'>;

/** Bytes of the events that are kept with a turn, about. */
const keptBytesMax = 256 * 1024;

export class TurnEvents {
  readonly #onEvent: ((event: TurnEvent) => void) | undefined;
  #attempt = 0;
  #index = 0;
  #kept: { readonly event: KeptEvent; readonly bytes: number }[] = [];
  #bytes = 0;

  constructor(onEvent: ((event: TurnEvent) => void) | undefined) {
    this.#onEvent = onEvent;
  }

  /** Of the current attempt. */
  get kept(): readonly KeptEvent[] {
    return this.#kept.map(({ event }) => event);
  }

  /** Another attempt: what came of the one before is void. */
  begin(attempt: number): void {
    this.#attempt = attempt;
    this.#index = 0;
    this.#kept = [];
    this.#bytes = 0;
  }

  add({ kind, data: text }: EventMessage): void {
    const data = parsed(text);
    const event = { index: this.#index, kind, data };
    this.#index += 1;
    this.#keep(event, kind.length + text.length);
    try {
      this.#onEvent?.({ attempt: this.#attempt, ...event });
    } catch {
      // A listener that fails is no reason to lose the turn.
    }
  }

  #keep(event: KeptEvent, bytes: number): void {
    this.#kept.push({ event, bytes });
    this.#bytes += bytes;
    while (this.#bytes > keptBytesMax) this.#bytes -= this.#kept.shift()?.bytes ?? this.#bytes;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // Whoever wrote it meant a text.
    return text;
  }
}
