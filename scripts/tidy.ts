/**
 * `npm run tidy`: the rules of the codebase that no other tool knows. Unchecked rules decay.
 *
 * Prints `file:line rule message` for each violation and exits with 1 if any of them is an error.
 * The rules live in `scripts/tidy/`, one file per subject; each opens with what it asks.
 */
import { join } from 'node:path';
import { diskTree, tidy } from './tidy/index.ts';

const found = tidy(diskTree(join(import.meta.dirname, '..')));
for (const { file, line, rule, message, severity } of found) {
  const mark = severity === 'warning' ? 'warning ' : '';
  console.log(`${file}:${line} ${mark}${rule} ${message}`);
}
const errors = found.filter(({ severity }) => severity === 'error').length;
if (errors > 0) console.log(`${errors} ${errors === 1 ? 'violation' : 'violations'}`);
process.exitCode = errors > 0 ? 1 : 0;
