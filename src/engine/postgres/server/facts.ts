/**
 * What the server is and what it promises, read from the server itself when a store is opened.
 *
 * D1. `disk`: a commit is acknowledged after its WAL was flushed. `replicated`: and after the
 *     synchronous standbys have flushed it too. With `fsync` off it is `process`.
 * D2. A default of `synchronous_commit = off` does not weaken `sync` commits: they ask for more.
 */
import { HoldfastError } from '../../../errors/index.ts';
import type { EngineDurability } from '../../engine.ts';
import type { Session } from '../wire/session.ts';
import type { Settings } from '../wire/settings.ts';
import type { Prepare } from '../wire/statement.ts';

export interface ServerFacts {
  readonly version: number;
  readonly durability: EngineDurability;
  /** What `sync` commits set `synchronous_commit` to, unless it is the default. */
  readonly syncCommit: string;
  readonly isSyncByDefault: boolean;
  /** Plain settings, for `stats`. */
  readonly settings: Readonly<Record<string, string>>;
}

const oldestVersion = 130_000;

/** Throws `store_read_only` for a standby and `unsupported` for what cannot hold a store. */
export async function examine(
  session: Session,
  prepare: Prepare,
  settings: Settings,
  readOnly: boolean,
): Promise<ServerFacts> {
  const { rows } = await session.run(
    prepare(`SELECT current_setting('server_version_num')::int, current_setting('server_encoding'),
      current_setting('fsync'), current_setting('full_page_writes'),
      current_setting('synchronous_commit'), current_setting('synchronous_standby_names'),
      pg_is_in_recovery(), current_setting('transaction_read_only')`),
  );
  const [row = []] = rows;
  const [version, encoding, fsync, fullPages, commit, standbys, recovering, refusing] = row;
  if (Number(version) < oldestVersion) {
    throw refused('unsupported', settings, `Postgres ${String(version)} is too old; 13 is needed`);
  }
  if (encoding !== 'UTF8') {
    throw refused('unsupported', settings, `its encoding is ${String(encoding)}, not UTF8`);
  }
  if (recovering === true) {
    const reason = 'it is a standby: what it shows may be old, and it takes no writes';
    throw refused('store_read_only', settings, reason);
  }
  if (refusing === 'on' && !readOnly) {
    throw refused('store_read_only', settings, 'transactions there are read-only by default');
  }
  const syncCommit = commit === 'off' ? 'on' : String(commit);
  const facts = { fsync, fullPages, synchronousCommit: syncCommit, standbys };
  return {
    version: Number(version),
    durability: durabilityOf(fsync === 'on', syncCommit, standbys !== ''),
    syncCommit,
    isSyncByDefault: commit !== 'off',
    settings: Object.fromEntries(
      Object.entries(facts).map(([name, value]) => [name, String(value)]),
    ),
  };
}

function durabilityOf(fsync: boolean, commit: string, hasStandbys: boolean): EngineDurability {
  if (!fsync) return 'process';
  return hasStandbys && (commit === 'on' || commit === 'remote_apply') ? 'replicated' : 'disk';
}

function refused(
  code: 'unsupported' | 'store_read_only',
  { place }: Settings,
  reason: string,
): HoldfastError {
  return new HoldfastError(code, `${place} cannot hold a store: ${reason}`, { details: { place } });
}
