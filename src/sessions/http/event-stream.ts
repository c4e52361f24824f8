/** Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). */

export interface SentEvent {
  readonly id?: string;
  readonly event: string;
  /** Sent as JSON. */
  readonly data: unknown;
}

const encoder = new TextEncoder();

/** A response that sends what the generator yields, as fast as it is read. */
export function eventStream(events: () => AsyncGenerator<SentEvent, void, undefined>): Response {
  const iterator = events();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const next = await iterator.next();
      if (next.done === true) controller.close();
      else controller.enqueue(encoder.encode(textOf(next.value)));
    },
    async cancel() {
      await iterator.return();
    },
  });
  const headers = { 'content-type': 'text/event-stream', 'cache-control': 'no-store' };
  return new Response(body, { headers });
}

function textOf({ id, event, data }: SentEvent): string {
  const head = id === undefined ? '' : `id: ${id}\n`;
  return `${head}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** What a call reports while it runs, and then its result. Throws what the call throws. */
export async function* streamed<Item, Result>(
  call: (send: (item: Item) => void) => Promise<Result>,
): AsyncGenerator<
  | { readonly kind: 'item'; readonly item: Item }
  | { readonly kind: 'result'; readonly result: Result },
  void,
  undefined
> {
  const items: Item[] = [];
  let wake: () => void = () => undefined;
  let outcome: { readonly result: Result } | { readonly error: unknown } | undefined;
  const ended = call((item) => {
    items.push(item);
    wake();
  }).then(
    (result) => {
      outcome = { result };
    },
    (error: unknown) => {
      outcome = { error };
    },
  );
  void ended.then(() => wake());
  for (;;) {
    for (const item of items.splice(0)) yield { kind: 'item', item };
    if (outcome !== undefined && items.length === 0) break;
    await new Promise<void>((resolve) => {
      wake = resolve;
      if (items.length > 0 || outcome !== undefined) resolve();
    });
  }
  if ('error' in outcome) throw outcome.error;
  yield { kind: 'result', result: outcome.result };
}
