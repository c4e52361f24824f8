/**
 * What each setting of a trigger changes: what the trigger or its webhook is started with. That
 * those go by it is for their own tests; that they are started, for `cli-serve-config.test.ts`.
 */
import { expect } from 'vitest';
import { parseConfig, triggerSettings } from '../../../src/config/index.ts';

type Values = Record<string, unknown>;

const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const webhook = { url: 'https://example.com/hook', secret };

function started(trigger: Values) {
  const config = { store: { url: 'memory:' }, apps: { shop: { triggers: { t: trigger } } } };
  const [settings, ...more] = triggerSettings(parseConfig(JSON.stringify(config)));
  expect(more).toEqual([]);
  expect(settings).toMatchObject({ app: 'shop', name: 't' });
  return settings!;
}

function option(value: Values, beside: Values = {}) {
  return async (): Promise<void> => {
    expect(started({ webhook, ...beside, ...value }).options).toMatchObject(value);
  };
}

function ofWebhook(value: Values) {
  return async (): Promise<void> => {
    expect(started({ webhook: { ...webhook, ...value } }).webhook).toMatchObject(value);
  };
}

const scope = { scope: 's' };
const hookSettings: Values = {
  url: 'https://example.org/other',
  secret: `whsec_${Buffer.alloc(24, 9).toString('base64')}`,
  format: 'cloudevent',
  timeoutMs: 7,
  bodyBytes: 7,
  responseBytes: 7,
  allowRedirects: true,
  allowPrivateAddresses: true,
  allowHttp: true,
};
const numbers = ['concurrency', 'timeoutMs', 'parkedPerKey', 'parkedMax', 'depthMax'];
const conditions = ['event_type', 'scope', 'key', 'new_value', 'old_value', 'actor'];

export const triggerProofs: Record<string, () => Promise<void>> = {
  scope: option({ scope: 's' }),
  key: option({ key: 'k' }, scope),
  prefix: option({ prefix: 'k' }, scope),
  kinds: option({ kinds: ['created'] }),
  from: option({ from: 'beginning' }),
  holdMs: option({ holdMs: 5000 }),
  ...Object.fromEntries(numbers.map((name) => [name, option({ [name]: 7 })])),
  ...Object.fromEntries(
    ['attempts', 'firstMs', 'longestMs'].map((name) => [
      `retry.${name}`,
      option({ retry: { [name]: 7 } }),
    ]),
  ),
  ...Object.fromEntries(
    conditions.map((name) => [`when.${name}`, option({ when: { [name]: 'x' } })]),
  ),
  'webhook.headers.*': ofWebhook({ headers: { authorization: 'Bearer x' } }),
  ...Object.fromEntries(
    Object.entries(hookSettings).map(([name, value]) => {
      return [`webhook.${name}`, ofWebhook({ [name]: value })];
    }),
  ),
};
