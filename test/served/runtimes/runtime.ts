/** Where clients run: each runtime starts the bundled program and hands on what it reports. */
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { rolldown } from 'rolldown';
import type { Report } from './program.ts';

export interface Run {
  /** Of the page, where there is one: the server has to let it in. */
  readonly origin: string | undefined;
  start(url: string, token: string, onReport: (report: Report) => void): void;
  close(): Promise<void>;
}

export interface Runtime {
  readonly name: string;
  /** Undefined: it is not on this machine. */
  readonly command: string | undefined;
  prepare(code: string): Promise<Run>;
}

/** The client and the program in one file, without a line of the server. */
export async function bundledProgram(): Promise<string> {
  const bundle = await rolldown({
    input: join(import.meta.dirname, 'program.ts'),
    platform: 'browser',
    treeshake: { moduleSideEffects: false },
    logLevel: 'silent',
  });
  const { output } = await bundle.generate({ format: 'esm', minify: true });
  await bundle.close();
  return output[0].code;
}

export const runtimes: readonly Runtime[] = [
  onConsole('node', process.execPath, []),
  onConsole('bun', found('bun'), ['run']),
  onConsole('deno', found('deno'), ['run', '--allow-net']),
  inBrowser(found('chromium', 'chromium-browser', 'google-chrome')),
];

function found(...names: string[]): string | undefined {
  return names.find((name) => spawnSync(name, ['--version']).status === 0);
}

function onConsole(name: string, command: string | undefined, args: readonly string[]): Runtime {
  return {
    name,
    command,
    async prepare(code) {
      const folder = await mkdtemp(join(tmpdir(), 'holdfast-runtime-'));
      await writeFile(join(folder, 'program.mjs'), code);
      const file = join(folder, 'main.mjs');
      let child: ChildProcess | undefined;
      return {
        origin: undefined,
        start(url, token, onReport) {
          const given = [url, token].map((one) => JSON.stringify(one)).join(', ');
          const call = `run(${given}, (line) => console.log(JSON.stringify(line)));`;
          void writeFile(file, `import { run } from './program.mjs';\n${call}\n`).then(() => {
            child = spawn(command!, [...args, file], { stdio: ['ignore', 'pipe', 'inherit'] });
            createInterface(child.stdout!).on('line', (line) => {
              onReport(JSON.parse(line) as Report);
            });
          });
        },
        async close() {
          child?.kill('SIGKILL');
          await rm(folder, { recursive: true, force: true });
        },
      };
    },
  };
}

/** The page posts its reports to where it came from. */
function inBrowser(command: string | undefined): Runtime {
  return {
    name: 'browser',
    command,
    async prepare(code) {
      const profile = await mkdtemp(join(tmpdir(), 'holdfast-browser-'));
      let page = '';
      let told: (report: Report) => void = () => undefined;
      const server = createServer((request, response) => {
        let body = '';
        request.on('data', (chunk: Buffer) => (body += chunk.toString()));
        request.on('end', () => {
          if (request.method === 'POST') told(JSON.parse(body) as Report);
          const type = request.url === '/program.mjs' ? 'text/javascript' : 'text/html';
          response.setHeader('content-type', type);
          response.end(request.url === '/program.mjs' ? code : page);
        });
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      let child: ChildProcess | undefined;
      return {
        origin,
        start(url, token, onReport) {
          told = onReport;
          const given = [url, token].map((one) => JSON.stringify(one)).join(', ');
          const report = `(line) => fetch('/', { method: 'POST', body: JSON.stringify(line) })`;
          const script = `import { run } from '/program.mjs'; run(${given}, ${report});`;
          page = `<!doctype html><script type="module">${script}</script>`;
          const flags = [
            '--headless=new',
            '--no-sandbox',
            '--disable-gpu',
            '--disable-dev-shm-usage',
          ];
          const own = [...flags, '--no-first-run', `--user-data-dir=${profile}`, `${origin}/`];
          child = spawn(command!, own, { stdio: 'ignore', detached: true });
        },
        async close() {
          // The browser's own processes too.
          if (child?.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
          server.closeAllConnections();
          server.close();
          await rm(profile, { recursive: true, force: true, maxRetries: 5 });
        },
      };
    },
  };
}
