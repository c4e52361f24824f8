/** What travels on a channel, in each direction: values are validated on their way in alone. */
import type { StoredValue } from '../../ledger/index.ts';
import { given, stored } from './ledger-shapes.ts';
import { json, list, optional, record } from './shape.ts';
import type { Shape } from './shape.ts';

export interface ChannelMessage {
  /** Plain JSON. */
  readonly body: unknown;
  /** Values that pass undecoded, beside the body. */
  readonly values?: readonly StoredValue[] | undefined;
}

export const channelMessageGiven = record<ChannelMessage>({
  body: json,
  values: optional(list(given as Shape<StoredValue>)),
});

export const channelMessageStored = record<ChannelMessage>({
  body: json,
  values: optional(list(stored)),
});
