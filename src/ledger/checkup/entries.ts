/**
 * One scope's entries against its counts, their own sizes, and the head.
 *
 * Others may write meanwhile. A scope carries the revision of its last change: if that moved while
 * the entries were read, they are read again, so that nothing is reported that was only in motion.
 */
import type { Head, ScopeCensus, StoredEntry } from '../../engine/index.ts';
import { decodeExternal } from '../keyspace/external.ts';
import type { Scene } from './scene.ts';

const pageEntries = 500;
const attemptsMax = 10;

/** Calls `see` with every entry, twice if the scope moved. Returns how many there are. */
export async function examineScope(
  scene: Scene,
  scope: string,
  see: (entry: StoredEntry, head: Head) => void,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const before = await censusOf(scene, scope);
    let entries = 0;
    let bytes = 0;
    for await (const { entry, head } of entriesOf(scene, scope)) {
      entries += 1;
      bytes += entry.size;
      if (attempt === 1) examineEntry(scene, entry, head);
      see(entry, head);
    }
    const after = await censusOf(scene, scope);
    const isStill = before?.revision === after?.revision;
    if (!isStill && attempt < attemptsMax) continue;
    const counted = after ?? { entries: 0, bytes: 0 };
    if (isStill && (counted.entries !== entries || counted.bytes !== bytes)) {
      scene.problem(
        'scope_counts',
        `scope '${scope}' counts ${counted.entries} entries of ${counted.bytes} bytes; ` +
          `it holds ${entries} of ${bytes}`,
        { scope },
      );
    }
    return;
  }
}

export async function* entriesOf(
  scene: Scene,
  scope: string,
  keysOnly = false,
): AsyncGenerator<{ readonly entry: StoredEntry; readonly head: Head }> {
  let after: string | undefined;
  for (;;) {
    await scene.pause();
    const range = { scope, after, reverse: false, limit: pageEntries, keysOnly };
    const { entries, head } = await scene.engine.scan(scene.app, range);
    for (const entry of entries) yield { entry, head };
    if (entries.length < pageEntries) return;
    after = entries.at(-1)?.key;
  }
}

async function censusOf({ engine, app }: Scene, scope: string): Promise<ScopeCensus | undefined> {
  const { scopes } = await engine.scopes(app, { from: scope, limit: 1 });
  return scopes[0]?.scope === scope ? scopes[0] : undefined;
}

function examineEntry(scene: Scene, entry: StoredEntry, head: Head): void {
  const { scope, key, size, version } = entry;
  const what = `'${key}' in '${scope}'`;
  if (version > head.revision) {
    const message = `${what} has version ${version}; the last commit is ${head.revision}`;
    scene.problem('entry_version', message, { scope, key });
  }
  const fault = faultOf(entry);
  if (fault !== undefined) {
    scene.problem('entry_value', `${what} ${fault}`, { scope, key });
  } else if (sizeOf(entry) !== size) {
    const message = `${what} counts for ${size} bytes; it has ${sizeOf(entry)}`;
    scene.problem('entry_size', message, { scope, key });
  }
}

function faultOf({ content, external }: StoredEntry): string | undefined {
  if (typeof content !== 'string' && !external) return undefined;
  try {
    const json: unknown = JSON.parse(String(content));
    if (!external) return undefined;
    const { id, size } = json as { id?: unknown; size?: unknown };
    const isNamed = typeof id === 'string' && typeof size === 'number';
    return isNamed ? undefined : 'does not name its large value';
  } catch {
    return external ? 'does not name its large value' : 'holds text that is no JSON';
  }
}

function sizeOf({ key, content, external }: StoredEntry): number {
  const bytes = external ? decodeExternal(content).size : Buffer.byteLength(content);
  return Buffer.byteLength(key) + bytes;
}
