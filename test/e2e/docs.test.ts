/** What documents tell to type works: commands of docs/server.md, the file of docs/config.md. */
import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { open } from '../../src/index.ts';
import { loadConfig, serverSettings, triggerSettings } from '../../src/config/index.ts';
import { serve } from '../../src/server/index.ts';
import { temporaryFolder } from './command.ts';

const run = promisify(execFile);
const docs = join(import.meta.dirname, '..', '..', 'docs');

/** The first block of a language that follows a heading. */
async function block(file: string, heading: string, language: string): Promise<string> {
  const text = await readFile(join(docs, file), 'utf8');
  const rest = text.slice(text.indexOf(heading));
  const found = new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(rest)?.[1];
  if (found === undefined) throw new Error(`${file} has no ${language} behind '${heading}'`);
  return found;
}

test('every curl of docs/server.md is answered as it says', async () => {
  await using store = await open('memory:');
  await using server = await serve(store, { port: 0, processMetrics: false });
  const text = await block('server.md', '## HTTP', 'sh');
  const [first = '', ...rest] = text.replaceAll(/ {2,}#.*$/gm, '').split(/\n(?=curl|B=)/);
  expect(first).toMatch(/^B=http:\/\/127\.0\.0\.1:7420\/v1/);
  const base = first.replace('http://127.0.0.1:7420', server.url);
  const told: string[] = [];
  const [made, fine] = ['201', '200'];
  const answered = [made, fine, fine, fine, made, made, ...Array.from({ length: 6 }, () => fine)];
  for (const line of rest) {
    const endless = line.startsWith('curl -N');
    const options = `-sS -w ' %{http_code}' ${endless ? '--max-time 1' : ''}`;
    const script = `${base}\n${line.trim().replace('curl', `curl ${options}`)}`;
    // The endless one is cut off, which is a failure to curl.
    const failed = (error: unknown) => error as { stdout: string };
    told.push((await run('bash', ['-c', script]).catch(failed)).stdout);
  }
  expect(told.map((one) => one.slice(-3))).toEqual(answered);
  expect(told[1]).toBe('{"visits":1} 200');
  expect(told.at(-1)).toContain('event: ready');
});

test('the file of docs/config.md holds', async () => {
  const folder = await temporaryFolder();
  const file = join(folder, 'holdfast.yaml');
  await writeFile(file, await block('config.md', '# The config file', 'yaml'));
  await mkdir(join(folder, 'schemas'));
  await writeFile(join(folder, 'schemas', 'user.json'), '{"type":"object"}');
  const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
  const config = await loadConfig(file, { environment: { HOOK_SECRET: secret } });
  expect(serverSettings(config)).toMatchObject({
    options: { port: 7420, auth: 'tokens', mcp: { readOnly: true } },
    sessions: { workerWaitMs: 5000 },
  });
  expect(triggerSettings(config)).toMatchObject([
    { app: 'shop', name: 'failed-orders', webhook: { secret } },
  ]);
});
