/**
 * Makes one image of a trace again and verifies it. The image stays in `BASE/image`, opened.
 *
 * `node replay.ts BASE LOAD-SEED CUT SURVIVAL IMAGE-SEED`, as a finding prints it.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { survivals } from './disk.ts';
import { cutImages } from './images.ts';
import { judgeImage } from './judge-image.ts';
import { parseTrace } from './trace.ts';

const [base = '', loadSeed, cut, survivalName, seed] = process.argv.slice(2);
const survival = survivals.find((name) => name === survivalName);
if (survival === undefined) {
  throw new Error('usage: node replay.ts BASE LOAD-SEED CUT SURVIVAL IMAGE-SEED');
}
const plan = { cut: Number(cut), survival, seed: Number(seed) };
const records = parseTrace(readFileSync(join(base, 'trace')));
for (const image of cutImages(records, [plan])) {
  const files = [...image.files].map(([name, bytes]) => `${name} (${bytes.length} bytes)`);
  console.log(`image: ${files.join(', ')}`);
  const problems = await judgeImage(join(base, 'image'), image, Number(loadSeed));
  console.log(problems.any ? `wrong:\n${String(problems)}` : 'every promise is kept');
  process.exitCode = problems.any ? 1 : 0;
}
