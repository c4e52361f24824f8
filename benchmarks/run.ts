/** `npm run bench -- NAME [arguments]`: runs one benchmark, or the ledger's if none is named. */
const suites = {
  ledger: () => import('./ledger/index.ts'),
  embedded: () => import('./embedded/index.ts'),
  engines: () => import('./engines/index.ts'),
  sessions: () => import('./sessions/index.ts'),
  runs: () => import('./runs/index.ts'),
  reactive: () => import('./reactive/index.ts'),
  server: () => import('./server/index.ts'),
  load: () => import('./load/index.ts'),
} as const;

const [name = 'ledger', ...args] = process.argv.slice(2);
if (!Object.hasOwn(suites, name)) {
  console.error(`no benchmark '${name}'; there is: ${Object.keys(suites).join(', ')}`);
  process.exit(2);
}
const suite = await suites[name as keyof typeof suites]();
await suite.run(args);
