/**
 * The official tools of the Model Context Protocol against `holdfast serve`: the conformance suite
 * for both protocols, and the inspector's client, which calls a tool and hears of a change.
 *
 * The tools are no dependencies: npm fetches them, into its cache, when this is run. It ends with 1
 * if a scenario that is named here fails.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

interface Suite {
  readonly version: string;
  readonly protocol: string;
  /** Scenarios that the server must pass. All others need a tool, a resource or a prompt of the
   * suite's own test server, or a part of the protocol that is not offered. */
  readonly passes: readonly string[];
}

const suites: readonly Suite[] = [
  {
    version: '0.1.16',
    protocol: '2025-11-25',
    passes: [
      'server-initialize',
      'ping',
      'tools-list',
      'server-sse-multiple-streams',
      'resources-list',
      'resources-subscribe',
      'resources-unsubscribe',
      'dns-rebinding-protection',
    ],
  },
  {
    version: '0.2.0-alpha.12',
    protocol: '2026-07-28',
    passes: [
      'tools-list',
      'server-sse-multiple-streams',
      'resources-list',
      'sep-2164-resource-not-found',
      'dns-rebinding-protection',
      'http-header-validation',
      'input-required-result-missing-input-response',
      'input-required-result-unsupported-methods',
      'input-required-result-ignore-extra-params',
      'input-required-result-validate-input',
    ],
  },
];

const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'holdfast-mcp-'));
const env = {
  ...process.env,
  PATH: [join(root, 'node_modules', '.bin'), process.env['PATH']].join(delimiter),
  // The inspector keeps its connections there.
  HOME: folder,
  npm_config_cache: process.env['npm_config_cache'] ?? join(process.env['HOME'] ?? folder, '.npm'),
};
const inspector = '@modelcontextprotocol/inspector@2.12.0';
let failures = 0;

function judge(what: string, isFine: boolean, more = ''): void {
  if (!isFine) failures += 1;
  console.log(`${isFine ? 'ok  ' : 'FAIL'} ${what}${isFine ? '' : `\n${more}`}`);
}

function npx(pack: string, command: string, args: readonly string[]): string {
  const given = ['--yes', `--package=${pack}`, '--', command, ...args];
  const { stdout, stderr } = spawnSync('npx', given, { cwd: folder, env, encoding: 'utf8' });
  return stdout + stderr;
}

function conforms({ version, protocol, passes }: Suite, url: string): void {
  for (const scenario of passes) {
    const asked = ['server', '--url', url, '--scenario', scenario, '--spec-version', protocol];
    const told = npx(`@modelcontextprotocol/conformance@${version}`, 'conformance', asked);
    const [, passed, total, failed] = /Passed: (\d+)\/(\d+), (\d+) failed/.exec(told) ?? [];
    const isFine = failed === '0' && passed === total && passed !== '0';
    judge(`${protocol} ${scenario}: ${passed ?? '?'} checks`, isFine, told);
  }
}

async function inspects(era: 'legacy' | 'modern', url: string): Promise<void> {
  const mcpdo = (...args: string[]) => npx(inspector, 'mcpdo', ['--plain', ...args]);
  const uri = 'holdfast://default/users/ada';
  mcpdo('connect', url, '--transport', 'http', '--era', era, '--connection', era);
  const given = ['--yes', `--package=${inspector}`, '--', 'mcpdo', '--plain', '--connection', era];
  const listener = spawn('npx', [...given, 'resources/subscribe', uri], { cwd: folder, env });
  let heard = '';
  listener.stdout.on('data', (chunk: Buffer) => (heard += chunk.toString()));
  await until(() => heard.includes('Subscribed'));
  const set = JSON.stringify({ scope: 'users', key: 'ada', value: { era } });
  const told = mcpdo('--connection', era, 'tools/call', 'set', '--tool-args-json', set);
  judge(`inspector, ${era}: a tool`, told.includes('"applied": true'), told);
  await until(() => heard.includes(`Resource updated: ${uri}`));
  judge(`inspector, ${era}: an update`, heard.includes(`Resource updated: ${uri}`), heard);
  listener.kill('SIGINT');
  mcpdo('disconnect', era);
}

/** Looks again and again, for half a minute. */
async function until(isThere: () => boolean): Promise<void> {
  for (let tries = 0; tries < 300 && !isThere(); tries += 1) await sleep(100);
}

const config = join(folder, 'holdfast.json');
const settings = { store: { url: 'memory:' }, server: { port: 0, log: 'warn' } };
writeFileSync(config, JSON.stringify(settings));
const main = join(root, 'src', 'cli', 'main.ts');
const server = spawn(process.execPath, [main, '--json', 'serve', '--config', config], { env });
try {
  const [line] = (await once(server.stdout, 'data')) as [Buffer];
  const { url } = JSON.parse(line.toString()) as { url: string };
  for (const suite of suites) conforms(suite, `${url}/mcp`);
  await inspects('legacy', `${url}/mcp`);
  await inspects('modern', `${url}/mcp`);
  npx(inspector, 'mcpdo', ['daemon', 'stop']);
} finally {
  server.kill('SIGTERM');
  await once(server, 'close');
  rmSync(folder, { recursive: true, force: true });
}
console.log(failures === 0 ? 'all as it is written down' : `${failures} failures`);
process.exitCode = failures === 0 ? 0 : 1;
