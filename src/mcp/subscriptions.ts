/**
 * What a client of the 2025 protocol subscribes to, over one connection or session.
 *
 * The feed begins with the first subscription, behind the head that the ledger had before that was
 * answered: whatever is committed after the answer is told.
 */
import type { McpServer } from '@modelcontextprotocol/server';
import type { Clock } from '../internal/clock.ts';
import type { Ledger } from '../ledger/index.ts';
import { parseUri } from './resources.ts';
import { followUpdates } from './updates.ts';

export interface SubscriptionParts {
  readonly clock: Clock;
  /** Ends the feed. */
  readonly signal: AbortSignal;
  readonly onError: (error: Error) => void;
}

export function acceptSubscriptions(
  server: McpServer,
  ledger: Ledger,
  parts: SubscriptionParts,
): void {
  const subscribed = new Set<string>();
  let isFollowing = false;
  const notify = (uri: string): void => {
    if (subscribed.has(uri)) server.server.sendResourceUpdated({ uri }).catch(parts.onError);
  };
  server.server.setRequestHandler('resources/subscribe', async ({ params }) => {
    const { position: after } = await ledger.head();
    // Whoever may not hear of it is told so now, not left to wait.
    const scope = parseUri(ledger.name, params.uri)?.scope;
    await ledger.log(after, { scope, limit: 1 });
    subscribed.add(params.uri);
    if (!isFollowing) void followUpdates(ledger, { ...parts, notify, after });
    isFollowing = true;
    return {};
  });
  server.server.setRequestHandler('resources/unsubscribe', ({ params }) => {
    subscribed.delete(params.uri);
    return {};
  });
}
