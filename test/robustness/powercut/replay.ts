/**
 * Makes one image of a search again and verifies it. It stays in `SEARCH/image`, as recovery left
 * it.
 *
 * `node replay.ts SEARCH CUT SURVIVAL SEED`, as a finding prints it.
 */
import { survivals } from './disk.ts';
import { replayCut } from './search.ts';

const [base = '', cut, survivalName, seed] = process.argv.slice(2);
const survival = survivals.find((name) => name === survivalName);
if (survival === undefined) throw new Error('usage: node replay.ts SEARCH CUT SURVIVAL SEED');

const [image, problems] = await replayCut(base, { cut: Number(cut), survival, seed: Number(seed) });
const files = [...image.files].map(([name, bytes]) => `${name} (${bytes.length} bytes)`);
console.log(`image: ${files.join(', ') || 'no file'}`);
console.log(problems.any ? `wrong:\n${String(problems)}` : 'every promise is kept');
process.exitCode = problems.any ? 1 : 0;
