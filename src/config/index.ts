/** `holdfast.yaml`: what a store, its apps and a server are started with. */
export { configJsonSchema } from './json-schema.ts';
export { loadConfig, parseConfig } from './load.ts';
export type { LoadOptions } from './load.ts';
export { changesBetween } from './reload.ts';
export type { ConfigChanges } from './reload.ts';
export type { Config } from './schema.ts';
export {
  appsSettings,
  serverSettings,
  storeRules,
  storeSettings,
  triggerSettings,
} from './settings.ts';
export type {
  AppSettings,
  AppsSettings,
  ServerSettings,
  StoreSettings,
  TriggerSettings,
} from './settings.ts';
