/** Large values against those who name them. */
import { valuesScope } from '../keyspace/address.ts';
import { entriesOf } from './entries.ts';
import type { Fold } from './fold.ts';
import type { Scene } from './scene.ts';

/** Call it when the log and all entries were seen. */
export async function examineValues(scene: Scene, fold: Fold): Promise<void> {
  const missing = new Set(fold.named);
  for await (const { entry } of entriesOf(scene, valuesScope, true)) {
    const { key, version } = entry;
    if (!fold.isOwn(key)) continue;
    const isNamed = fold.named.has(key);
    missing.delete(key);
    // A newer one is named by a part of the log that was not read.
    if (isNamed || version > fold.head.revision) continue;
    scene.problem('value_orphan', `the large value ${key} is named by nobody`, { value: key });
  }
  if (missing.size === 0) return;
  const { head } = await scene.engine.read(scene.app, []);
  // What was forgotten meanwhile took its values along.
  if (head.trimmed !== fold.head.trimmed) return;
  for (const id of missing) {
    scene.problem('value_missing', `the large value ${id} is named, but not there`, { value: id });
  }
}
