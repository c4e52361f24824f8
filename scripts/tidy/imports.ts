/**
 * Imports point down only.
 *
 * `table` is the record of who may know whom; changing the architecture starts by changing it. A
 * room is a folder of `src/`, except that `engine/` and `layers/` have a room per subfolder. Files
 * directly in `src/engine` are the engine contract.
 *
 * I1. A room imports itself and the rooms of its row, nothing else in `src/`.
 * I2. A room that the row marks `door` is entered through its `index.ts`.
 * I3. No engine imports another (`hostile` wraps `memory` by design), tests included.
 * I4. Published code imports only Node's modules and declared dependencies or peers.
 * I5. `examples/`, `console/` and `integrations/` see the public doors alone.
 *
 * Tests, and `testing/` beside its own row, may import anything within I3.
 */
import { isSource, isTest, violation } from './module.ts';
import type { Import, Module, Violation } from './module.ts';
import type { Tree } from './tree.ts';

type Access = 'open' | 'door';
type Row = Readonly<Record<string, Access>>;

/** Lowest first: a layer may stand on the doors of those before it. */
export const layerOrder = [
  'watch',
  'scopes',
  'lists',
  'triggers',
  'runs',
  'contexts',
  'sessions',
  'recipes',
];

const base: Row = { errors: 'open', internal: 'open' };
const layerDoors: Row = Object.fromEntries(layerOrder.map((name) => [`layers/${name}`, 'door']));
const state: Row = { ...base, ledger: 'door', ...layerDoors, store: 'door', config: 'door' };

/** `engine/*` stands for every engine; `*` for every room. */
export const table: Readonly<Record<string, Row>> = {
  errors: {},
  internal: { errors: 'open' },
  engine: base,
  'engine/*': { ...base, engine: 'open' },
  'engine/hostile': { ...base, engine: 'open', 'engine/memory': 'open' },
  ledger: { ...base, engine: 'open' },
  ...Object.fromEntries(layerOrder.map((name, rank) => [`layers/${name}`, layerRow(rank)])),
  config: { ...base, ledger: 'door', ...layerDoors },
  store: {
    ...base,
    engine: 'open',
    'engine/*': 'door',
    ledger: 'door',
    ...layerDoors,
    client: 'door',
    config: 'door',
  },
  workflow: { ...base, ledger: 'door', 'layers/runs': 'door', store: 'door' },
  protocol: { ...base, ledger: 'door' },
  webhooks: { ...base, 'layers/triggers': 'door', config: 'door' },
  // The store's classes and the layers, never `open`, which knows engines.
  client: { ...base, protocol: 'open', ledger: 'door', ...layerDoors, store: 'open' },
  mcp: { ...state, index: 'open', protocol: 'door', client: 'door' },
  sessions: { ...base, ledger: 'door', 'layers/sessions': 'door', protocol: 'door' },
  server: {
    ...base,
    protocol: 'open',
    ledger: 'door',
    'layers/contexts': 'door',
    store: 'door',
    config: 'door',
    mcp: 'door',
  },
  cli: {
    ...state,
    engine: 'door',
    'engine/*': 'door',
    index: 'open',
    protocol: 'door',
    client: 'door',
    server: 'door',
    mcp: 'door',
    sessions: 'door',
    webhooks: 'door',
  },
  testing: {
    ...state,
    engine: 'open',
    'engine/*': 'open',
    protocol: 'open',
    client: 'open',
    mcp: 'open',
    workflow: 'open',
    index: 'open',
  },
  index: { '*': 'open' },
};

function layerRow(rank: number): Row {
  const lower = layerOrder
    .slice(0, rank)
    .map((name): [string, Access] => [`layers/${name}`, 'door']);
  return { ...base, ledger: 'door', ...Object.fromEntries(lower) };
}

/** The room of a file of `src/`: `ledger`, `engine/sqlite`, `layers/runs`, `index`. */
export function roomOf(path: string): string {
  const [first = '', second, ...rest] = path.slice('src/'.length).split('/');
  if (second === undefined) return first.replace(/\.ts$/, '');
  const divided = first === 'engine' || first === 'layers';
  return divided && rest.length > 0 ? `${first}/${second}` : first;
}

function isEngine(room: string): boolean {
  return room.startsWith('engine/');
}

function rowOf(room: string): Row | undefined {
  return table[room] ?? (isEngine(room) ? table['engine/*'] : undefined);
}

function accessTo(row: Row, room: string): Access | undefined {
  return row[room] ?? (isEngine(room) ? row['engine/*'] : undefined) ?? row['*'];
}

function crossesEngines(from: string, to: string): boolean {
  if (!isEngine(from) || !isEngine(to) || from === to) return false;
  return !(from === 'engine/hostile' && to === 'engine/memory');
}

function isDoor(path: string, room: string): boolean {
  return path === `src/${room}/index.ts` || path === `src/${room}.ts`;
}

function judge(module: Module, { target }: Import): string | undefined {
  if (!target?.startsWith('src/')) return undefined;
  const from = roomOf(module.path);
  const to = roomOf(target);
  if (from === to) return undefined;
  if (crossesEngines(from, to)) return `${from} may not import another engine (${to})`;
  if (isTest(module.path)) return undefined;
  const row = rowOf(from);
  if (!row) return `src/${from} has no row in the import table of scripts/tidy/imports.ts`;
  const access = accessTo(row, to);
  if (access === undefined) return `${from} may not import ${to}`;
  const entersByDoor = access === 'open' || from === 'testing' || isDoor(target, to);
  return entersByDoor ? undefined : `${from} may import ${to} only through src/${to}/index.ts`;
}

function judgeOutsider(module: Module, { target }: Import): string | undefined {
  const outsider = /^(examples|console|integrations)\//.exec(module.path)?.[1];
  if (outsider === undefined || isTest(module.path)) return undefined;
  if (!target?.startsWith('src/') || isDoor(target, roomOf(target))) return undefined;
  return `${outsider} may import only public doors, not ${target}`;
}

function packageOf(specifier: string): string {
  const [first = '', second = ''] = specifier.split('/');
  return first.startsWith('@') ? `${first}/${second}` : first;
}

/** What published code may import by name. Without a package.json to tell, everything. */
function declaredPackages(tree: Tree): Set<string> | undefined {
  if (!tree.has('package.json')) return undefined;
  type Manifest = Partial<Record<'dependencies' | 'peerDependencies', Record<string, string>>>;
  const manifest = JSON.parse(tree.text('package.json')) as Manifest;
  return new Set(Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }));
}

export function checkImports(tree: Tree, modules: readonly Module[]): Violation[] {
  const found: Violation[] = [];
  const declared = declaredPackages(tree);
  for (const module of modules) {
    for (const item of module.imports) {
      const inSource = module.path.startsWith('src/');
      const direction = inSource ? judge(module, item) : judgeOutsider(module, item);
      if (direction) found.push(violation(module.path, item.line, 'import-direction', direction));
      const outside = item.target === undefined && !item.specifier.startsWith('node:');
      if (!outside || !declared || !isSource(module.path)) continue;
      const name = packageOf(item.specifier);
      if (declared.has(name)) continue;
      const message = `${name} is neither a dependency nor a peer of the published package`;
      found.push(violation(module.path, item.line, 'import-package', message));
    }
  }
  return found;
}
