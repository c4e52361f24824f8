/** The apps that a command is for: those that `--only` names, or all. */
import type { LedgerSource } from '../../ledger/index.ts';
import { exitCodes } from '../exit-codes.ts';
import { CommandEnd } from '../failure.ts';

/** Ends the command where there is no such app: nothing, taken for a backup, is lost data. */
export async function chosenApps(
  source: LedgerSource,
  only: readonly string[] | undefined,
): Promise<readonly string[]> {
  const names = await source.names();
  const missing = only?.find((app) => !names.includes(app));
  if (missing !== undefined) {
    // Who may not see it is told that, and not that there is none.
    await source.ledger(missing).head();
    const message = `there is no app '${missing}' in the store`;
    throw new CommandEnd('not_found', exitCodes.notFound, message, { app: missing });
  }
  return [...new Set(only ?? names)].sort();
}
