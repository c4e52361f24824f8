/** Following what changes: a key, a prefix, a scope or a whole app, without gap or duplicate. */
export { followWatch } from './following.ts';
export type { Watching } from './following.ts';
export type { Decode } from './watched-change.ts';
export { WatchedChange } from './watched-change.ts';
export { Watch } from './watch.ts';
export { Watches } from './watches.ts';
export type { WatchesParts } from './watches.ts';
export type * from './watch-options.ts';
