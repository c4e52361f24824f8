/** Random command sequences against the reference, on the engines that need no server. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { noFaults, openHostileEngine } from '../../src/engine/hostile/index.ts';
import type { HostileFaults } from '../../src/engine/hostile/index.ts';
import { openMemoryEngine } from '../../src/engine/memory/index.ts';
import { openSqliteEngine } from '../../src/engine/sqlite/index.ts';
import { modelSuite } from './model-suite.ts';
import type { Opening } from './model-suite.ts';

/**
 * Everything that can go wrong and be put right again. Not calls that fail, which end a sequence,
 * nor views of an earlier moment, whose time an entry may rightly carry: the reference knows one
 * clock.
 */
const faults: HostileFaults = {
  ...noFaults,
  repeatedDecide: 0.3,
  unknownOutcome: 0.1,
  errorAfter: 0.1,
  delay: 0.2,
  lostHints: 0.3,
  doubledHints: 0.3,
};

const openings: Record<string, Opening> = {
  memory: (number, options) => () => openMemoryEngine(`memory:model-${number}`, options),
  hostile: (number, options) => () => openHostileEngine(`hostile:model-${number}`, options, faults),
  sqlite: (number, options) => {
    const path = join(folder, `${number}.db`);
    return () => openSqliteEngine(`file:${path}`, options);
  },
};

const folder = mkdtempSync(join(tmpdir(), 'holdfast-model-'));
afterAll(() => rmSync(folder, { recursive: true }));

for (const [engine, opening] of Object.entries(openings)) {
  // Opening a file costs more than a short sequence of commands on it.
  modelSuite(engine, opening, engine === 'sqlite' ? 40 : 120);
}
