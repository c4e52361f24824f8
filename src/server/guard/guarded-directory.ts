/**
 * What a principal is told of the store as a whole: its own apps, and of the engine what is no
 * secret.
 */
import { checkApp } from '../../ledger/index.ts';
import type { LedgerSource } from '../../ledger/index.ts';
import type { Directory } from '../../protocol/index.ts';
import { forbidden } from '../auth/principal.ts';
import type { Principal } from '../auth/principal.ts';

export function guardedDirectory(source: LedgerSource, principal: Principal): Directory {
  return {
    async names() {
      principal.checkAlive();
      return (await source.names()).filter((app) => principal.mayEnter(app));
    },
    async stats() {
      principal.checkAlive();
      const stats = await source.stats();
      // How much all apps hold together, and where, is for those who administer them all.
      if (principal.allows('*', undefined, 'admin')) return stats;
      const { scheme, durability } = stats;
      return { scheme, durability, storedBytes: 0, facts: {} };
    },
    async incarnations(app) {
      principal.checkAlive();
      checkApp(app);
      if (!principal.mayEnter(app)) throw forbidden('read', app);
      return source.incarnations(app);
    },
  };
}
