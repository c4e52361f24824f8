/** P6: a watch resumes without gap or duplicate, or says that it cannot. */
import { describe } from 'vitest';
import { noFaults, openHostileEngine } from '../../src/engine/hostile/index.ts';
import { inMemory, memory, sqlite, throughAWire } from './grounds.ts';
import { watchSearch } from './watches/suite.ts';

const faults = { ...noFaults, staleReads: 0.3, repeatedDecide: 0.2, delay: 0.2, lostHints: 0.3 };
const hostile = inMemory('hostile', (url, options) => openHostileEngine(url, options, faults));

describe('watches against the log', () => {
  for (const [name, ground] of Object.entries({ memory, hostile, sqlite })) {
    watchSearch(name, ground);
    watchSearch(`${name} through a wire`, throughAWire(ground));
  }
});
