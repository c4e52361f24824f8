/**
 * package-lock.json is complete, and names no registry.
 *
 * A native package has one optional dependency per platform. Where a mirror holds only some of
 * them, npm leaves the others out of the lock file, and `npm ci` then refuses that file everywhere.
 * `node scripts/complete-lockfile.ts` adds them.
 */
import { violation } from './module.ts';
import type { Violation } from './module.ts';
import type { Tree } from './tree.ts';

export interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  readonly link?: boolean;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export interface Lockfile {
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

export interface MissingPackage {
  readonly dependent: string;
  readonly name: string;
  readonly version: string;
}

/** Whether a package at `from` finds `name` in its own node_modules or in one above it. */
function finds({ packages }: Lockfile, from: string, name: string): boolean {
  for (let at = from; ; at = at.slice(0, Math.max(at.lastIndexOf('/node_modules/'), 0))) {
    if (packages[`${at === '' ? '' : `${at}/`}node_modules/${name}`]) return true;
    if (at === '') return false;
  }
}

export function missingPackages(lockfile: Lockfile): MissingPackage[] {
  return Object.entries(lockfile.packages).flatMap(([dependent, { optionalDependencies }]) =>
    Object.entries(optionalDependencies ?? {})
      .filter(([name]) => !finds(lockfile, dependent, name))
      .map(([name, version]) => ({ dependent, name, version })),
  );
}

export function checkLockfile(tree: Tree): Violation[] {
  const file = 'package-lock.json';
  if (!tree.has(file)) return [];
  const lockfile = JSON.parse(tree.text(file)) as Lockfile;
  const missing = missingPackages(lockfile).map(({ name }) => {
    const message = `${name} is missing; run node scripts/complete-lockfile.ts`;
    return violation(file, 1, 'lockfile', message);
  });
  const resolved = Object.entries(lockfile.packages)
    .filter(([, locked]) => locked.resolved !== undefined && locked.link !== true)
    .map(([path]) => violation(file, 1, 'lockfile', `${path} records the registry that served it`));
  return [...missing, ...resolved];
}
