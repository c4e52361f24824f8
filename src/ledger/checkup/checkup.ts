/**
 * Examining a ledger: every rule of `finding.ts` against everything that is stored.
 *
 * C1. Nothing is written, and others may work meanwhile: what is only in motion is not reported.
 * C2. Memory is bounded: a large ledger is folded share by share (`fold.ts`).
 */
import type { Engine, Head, Incarnation } from '../../engine/index.ts';
import { isLedgerScope } from '../keyspace/address.ts';
import { entriesOf, examineScope } from './entries.ts';
import { Expiry } from './expiry.ts';
import type { CheckupOptions, Finding } from './finding.ts';
import { Fold } from './fold.ts';
import { LogRows } from './log-rows.ts';
import { Scene } from './scene.ts';
import { examineValues } from './values.ts';

/** Keys that are folded at once. */
const keysPerShare = 200_000;
const scopesMax = 10_000_000;

export async function examineLedger(
  engine: Engine,
  app: string,
  options: CheckupOptions = {},
): Promise<Finding[]> {
  const scene = new Scene(engine, app, options);
  const { scopes, head, time } = await engine.scopes(app, { limit: scopesMax });
  const own = scopes.filter(({ scope }) => !isLedgerScope(scope));
  const entries = own.reduce((sum, one) => sum + one.entries, 0);
  const bytes = own.reduce((sum, one) => sum + one.bytes, 0);
  if (entries !== head.entries || bytes !== head.bytes) {
    const message =
      `the ledger counts ${head.entries} entries of ${head.bytes} bytes; ` +
      `its scopes count ${entries} of ${bytes}`;
    scene.problem('ledger_counts', message);
  }
  examineIncarnations(scene, await engine.incarnations(app), head);
  const changes = head.revision - head.trimmed;
  const shares = Math.max(1, Math.ceil((entries + changes) / keysPerShare));
  scene.total = shares * (entries + changes);
  const expiry = new Expiry(scene);
  for (let share = 0; share < shares; share += 1) {
    const fold = new Fold(scene, share, shares);
    if (!(await readLog(scene, fold, share === 0))) continue;
    for (const { scope } of own) {
      if (share > 0) {
        for await (const { entry } of entriesOf(scene, scope)) {
          fold.seeEntry(entry);
          scene.advance(1);
        }
        continue;
      }
      await examineScope(scene, scope, (entry, at) => {
        fold.seeEntry(entry);
        scene.advance(1);
        expiry.see(entry, at, time);
      });
    }
    await fold.report();
    await examineValues(scene, fold);
  }
  await expiry.report();
  return scene.findings();
}

/** Reads the log into the fold; false if it is too damaged to be read. */
async function readLog(scene: Scene, fold: Fold, isFirst: boolean): Promise<boolean> {
  const rows = new LogRows(isFirst ? scene : new Scene(scene.engine, scene.app, {}));
  try {
    await fold.readLog((row) => rows.see(row));
  } catch (error) {
    scene.checkSignal();
    const reason = error instanceof Error ? error.message : String(error);
    if (isFirst) scene.problem('log_order', `the log cannot be read: ${reason}`);
    return false;
  }
  if (isFirst) rows.compare(fold.head, (await scene.engine.read(scene.app, [])).head);
  return true;
}

function examineIncarnations(scene: Scene, known: readonly Incarnation[], head: Head): void {
  if (head.revision === 0) return;
  const last = known.at(-1);
  if (last?.id !== head.incarnation) {
    const message = `the head is of incarnation ${head.incarnation}, the last one is ${last?.id}`;
    scene.problem('incarnations', message);
  }
  for (const [index, { from }] of known.entries()) {
    const before = known[index - 1];
    if (before === undefined || before.from < from) continue;
    scene.problem('incarnations', `an incarnation begins at ${from}, behind ${before.from}`);
  }
}
