/**
 * A process that loads a store and says what it was answered.
 *
 * `node writer.ts FOLDER WRITER SEED COUNT`: makes COUNT proposals, then closes the store; COUNT 0
 * goes on until it is killed. Each lane waits for its answer before it proposes again, so that
 * groups are of all sizes and every acknowledgement is written in the order in which it came.
 */
import { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import { systemClock } from '../../../src/internal/clock.ts';
import { seededRandom } from '../../../src/internal/random.ts';
import type { CommitAnswer } from '../../../src/ledger/index.ts';
import type { Ledgers } from '../../../src/ledger/ledgers.ts';
import { isHoldfastError } from '../../../src/errors/index.ts';
import { AckFile } from './acks.ts';
import type { Ack } from './acks.ts';
import { lanes, sentAt } from './proposals.ts';
import { openStore, storePath } from './store.ts';

const proposalsPerDuty = 40;
const proposalsPerFlush = 90;
const proposalsPerCheckpoint = 70;
const checkpointModes = ['PASSIVE', 'RESTART', 'TRUNCATE'];
/** As the engine does it: on a thread, while commits go on. */
const proposalsPerThread = 15;
const thread = `
const { parentPort, workerData } = require('node:worker_threads');
const { DatabaseSync } = require('node:sqlite');
const database = new DatabaseSync(workerData);
parentPort.on('message', () => database.exec('PRAGMA wal_checkpoint(PASSIVE)'));
`;

const [folder = '', writer = '', seedText = '', countText = ''] = process.argv.slice(2);
const seed = Number(seedText);
const count = countText === '0' ? Infinity : Number(countText);
const acks = new AckFile(folder, writer);
const random = seededRandom(seed);
let next = 0;

function ackOf(index: number, answer: CommitAnswer): Ack {
  if (answer.kind === 'conflict') return { kind: 'conflict', index };
  const { position, time, durability, replayed } = answer;
  const results = answer.results.map(({ change, version }) => [change, version] as const);
  return { kind: 'committed', index, ...position, time, durability, replayed, results };
}

async function propose(ledgers: Ledgers, index: number): Promise<void> {
  const { app, proposal } = sentAt(seed, writer, index);
  try {
    acks.append(ackOf(index, await ledgers.ledger(app).commit(proposal)));
  } catch (error) {
    // An update of what is not there is refused, as it should be; any other failure is a finding.
    if (!isHoldfastError(error, 'operation_failed')) throw error;
    acks.append({ kind: 'refused', index, code: error.code });
  }
}

/** The engine's own checkpoints come after more pages than a short run writes. */
function checkpoint(): void {
  const mode = checkpointModes[Math.floor(random.float() * checkpointModes.length)];
  using database = new DatabaseSync(storePath(folder));
  database.exec(`PRAGMA wal_checkpoint(${mode})`);
}

async function lane(ledgers: Ledgers, checkpointer: Worker): Promise<void> {
  while (next < count) {
    const index = next;
    next += 1;
    await propose(ledgers, index);
    if (index % proposalsPerDuty === 0) await ledgers.runDuties();
    if (index % proposalsPerCheckpoint === 0) checkpoint();
    if (index % proposalsPerThread === 0) checkpointer.postMessage('begin');
    if (index % proposalsPerFlush === 0) {
      const through = acks.lines;
      await ledgers.engine.flush();
      acks.append({ kind: 'flushed', through });
    }
    if (random.float() < 0.1) await systemClock.sleep(random.float() * 8);
  }
}

const ledgers = await openStore(folder, { sweepMs: 15 });
const checkpointer = new Worker(thread, { eval: true, workerData: storePath(folder) });
await Promise.all(Array.from({ length: lanes }, () => lane(ledgers, checkpointer)));
await checkpointer.terminate();
await ledgers.close();
