/** A URL becomes a store, a store has apps, an app has scopes and lists. */
export { App } from './app.ts';
export type { AppTriggerHandler, AppTriggerWork } from './app-trigger-work.ts';
export { open } from './open.ts';
export { openConfig } from './open-config.ts';
export type {
  AppStoreOptions,
  OpenConfig,
  OpenOptions,
  QuotaAlert,
  RetentionOptions,
} from './options.ts';
export type { AppParts } from './shared-parts.ts';
export { Store } from './store.ts';
export type { AppStats, StoreStats } from './store.ts';
