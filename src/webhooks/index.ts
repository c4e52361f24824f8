/**
 * Triggers whose handler is an HTTP endpoint: `holdfast/webhooks`. Needs Node.
 *
 * Signed as Standard Webhooks say, so receivers verify them with any of its libraries.
 */
export { webhook } from './webhook.ts';
export type { WebhookOptions } from './webhook.ts';
export { ConfiguredTriggers } from './configured-triggers.ts';
export type { ConfiguredTriggersOptions, TriggerHost } from './configured-triggers.ts';
