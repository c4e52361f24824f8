/**
 * P7 against a small reference: random commits, failures, pauses, restarts, deaths, renames, dead
 * letters and replays.
 */
import fc from 'fast-check';
import { test } from 'vitest';
import { noFaults, openHostileEngine } from '../../src/engine/hostile/index.ts';
import { inMemory, memory, sqlite, throughAWire } from '../robustness/grounds.ts';
import type { Ground } from '../robustness/grounds.ts';
import { runCount, runSeed } from '../robustness/runs.ts';
import { commands } from './triggers/commands.ts';
import { Player } from './triggers/player.ts';

const faults = { ...noFaults, staleReads: 0.3, repeatedDecide: 0.2, delay: 0.2, lostHints: 0.3 };
const hostile = inMemory('hostile', (url, options) => openHostileEngine(url, options, faults));

function modelOn(name: string, ground: Ground, slice: number): void {
  test(`triggers do what the reference does: ${name}`, async () => {
    const property = fc.asyncProperty(commands, async (drawn) => {
      const place = ground.newStore();
      try {
        await new Player(ground, place.url).play(drawn);
      } finally {
        await place.remove();
      }
    });
    await fc.assert(property, { numRuns: runCount(slice), seed: runSeed });
  });
}

modelOn('memory', memory, 30);
modelOn('memory through a wire', throughAWire(memory), 10);
modelOn('hostile', hostile, 15);
modelOn('sqlite', sqlite, 10);
