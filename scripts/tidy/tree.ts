/**
 * The files that tidy judges: a flat list of paths with their texts.
 *
 * Rules see nothing but this, so that a test can hand them a tree that exists nowhere. Paths are
 * relative to the root of the repository and use `/` on every platform.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Tree {
  readonly files: readonly string[];
  /** The text of a file of `files`. */
  text(path: string): string;
  /** Whether `path` is a file of the tree, or a folder that holds one. */
  has(path: string): boolean;
}

const skippedFolders = new Set(['node_modules', 'dist', 'coverage', '.git']);

function foldersOf(files: readonly string[]): Set<string> {
  const folders = new Set<string>(['']);
  for (const file of files) {
    for (let at = file.lastIndexOf('/'); at > 0; at = file.lastIndexOf('/', at - 1)) {
      folders.add(file.slice(0, at));
    }
  }
  return folders;
}

function createTree(files: readonly string[], read: (path: string) => string): Tree {
  const known = new Set(files);
  const folders = foldersOf(files);
  const texts = new Map<string, string>();
  return {
    files,
    has: (path) => known.has(path) || folders.has(path.replace(/\/+$/, '')),
    text(path) {
      const cached = texts.get(path) ?? read(path);
      texts.set(path, cached);
      return cached;
    },
  };
}

function walk(root: string, folder: string, found: string[]): void {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isFile()) found.push(path);
    else if (entry.isDirectory() && !skippedFolders.has(entry.name)) walk(root, path, found);
  }
}

export function diskTree(root: string): Tree {
  const files: string[] = [];
  walk(root, '', files);
  return createTree(files.sort(), (path) => readFileSync(join(root, path), 'utf8'));
}

export function virtualTree(texts: Readonly<Record<string, string>>): Tree {
  return createTree(Object.keys(texts).sort(), (path) => texts[path] ?? '');
}
