/**
 * SIGHUP: the config file is read again, and what can be changed while a server runs is changed.
 *
 * R1. A file that is wrong changes nothing; the log says what is wrong, with its lines.
 * R2. What waits for a restart is named in the log, at every reload until it is done.
 */
import type { Logger } from 'pino';
import { changesBetween, loadConfig, storeRules } from '../../../config/index.ts';
import type { Config } from '../../../config/index.ts';
import type { Store } from '../../../store/index.ts';
import { failureOf } from '../../failure.ts';

export interface ReloadParts {
  readonly file: string;
  readonly config: Config;
  readonly log: Logger;
  /** The level was given on the command line: the file does not change it. */
  readonly keepsLevel: boolean;
  readonly store: Pick<Store, 'setRules'>;
  readonly triggers: { apply(config: Config): Promise<void> };
}

/** Reads again at each SIGHUP, one time after the other. Call what it returns to stop. */
export function reloadOnHangup(parts: ReloadParts): () => void {
  let current = parts.config;
  let last: Promise<void> = Promise.resolve();
  const hangup = (): void => {
    last = last.then(async () => {
      current = await reloaded(parts, current);
    });
  };
  process.on('SIGHUP', hangup);
  return () => void process.off('SIGHUP', hangup);
}

async function reloaded(parts: ReloadParts, current: Config): Promise<Config> {
  const { file, log } = parts;
  let next: Config;
  try {
    next = await loadConfig(file);
  } catch (error) {
    const { code, message } = failureOf(error);
    log.error({ event: 'reload', file, code }, `not reloaded, nothing changed: ${message}`);
    return current;
  }
  try {
    await parts.triggers.apply(next);
  } catch (error) {
    const { code, message } = failureOf(error);
    log.error({ event: 'reload', file, code }, `not reloaded, try again: ${message}`);
    return current;
  }
  parts.store.setRules(storeRules(next));
  if (!parts.keepsLevel) log.level = next.server?.log ?? 'info';
  const { applied } = changesBetween(current, next);
  // Whatever cannot change still stands as it did at the start.
  const { waiting } = changesBetween(parts.config, next);
  const told = { event: 'reload', file, applied, waiting };
  if (waiting.length > 0) log.warn(told, `after a restart: ${waiting.join(', ')}`);
  else log.info(told, 'reloaded');
  return next;
}
