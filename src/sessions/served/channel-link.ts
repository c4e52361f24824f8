/** A link over a channel of the wire protocol: a frame is a message of one value, raw bytes. */
import { StoredValue } from '../../ledger/index.ts';
import type { Link, LinkListener } from '../../layers/sessions/index.ts';
import { asHoldfastError } from '../../protocol/index.ts';
import type { Channel } from '../../protocol/index.ts';

export function channelLink(channel: Channel): Link {
  return {
    send(frame) {
      // Who waits for credit is served in order.
      const sent = channel.send({ body: null, values: [StoredValue.trusted(frame)] });
      // The other end must not wait for what does not come.
      sent.catch((error: unknown) => channel.close(asHoldfastError(error)));
    },
    close: () => channel.close(),
    listen: (listener) => void deliver(channel, listener),
  };
}

async function deliver(channel: Channel, listener: LinkListener): Promise<void> {
  let failure: unknown;
  try {
    for await (const { values = [] } of channel) {
      for (const { content } of values) {
        if (typeof content === 'string') throw new TypeError('a frame is bytes');
        listener.frame(content);
      }
    }
  } catch (error) {
    failure = error;
    channel.close();
  }
  listener.closed(failure);
}
