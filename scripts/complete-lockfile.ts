/**
 * `node scripts/complete-lockfile.ts`: adds to package-lock.json the optional packages of other
 * platforms that the registry at hand does not hold. Run it after an `npm install` there.
 *
 * npm never fetches a package of another platform, so an entry needs only a version and the
 * platform, which the names of such packages end with (`…-linux-arm64-musl`).
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { missingPackages } from './tidy/lockfile.ts';
import type { LockedPackage, Lockfile, MissingPackage } from './tidy/lockfile.ts';

const platforms =
  /(?<os>aix|android|darwin|freebsd|linux|netbsd|openbsd|openharmony|sunos|win32)-(?<cpu>[a-z0-9]+)/;

function lockedPackage({ dependent, name, version }: MissingPackage): LockedPackage {
  const { os, cpu } = platforms.exec(name)?.groups ?? {};
  if (os === undefined || cpu === undefined) {
    throw new Error(`${name}, an optional dependency of ${dependent}, does not name a platform`);
  }
  const exact = version.replace(/^[~^]/, '');
  const libc = name.includes('musl') ? 'musl' : 'glibc';
  const dev = lockfile.packages[dependent]?.dev === true ? { dev: true } : {};
  const libcOf = os === 'linux' && /musl|gnu/.test(name) ? { libc: [libc] } : {};
  return { version: exact, cpu: [cpu], ...dev, ...libcOf, optional: true, os: [os] };
}

const path = join(import.meta.dirname, '..', 'package-lock.json');
const lockfile = JSON.parse(readFileSync(path, 'utf8')) as Lockfile;
const missing = missingPackages(lockfile);
const added = missing.map((one) => [`node_modules/${one.name}`, lockedPackage(one)] as const);
const packages = [...Object.entries(lockfile.packages), ...added].sort(([a], [b]) =>
  a.localeCompare(b, 'en'),
);
const completed = { ...lockfile, packages: Object.fromEntries(packages) };
writeFileSync(path, `${JSON.stringify(completed, undefined, 2)}\n`);
console.log(`${missing.length} packages of other platforms added`);
