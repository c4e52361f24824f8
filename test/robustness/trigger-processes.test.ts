/** P7 and P10 with real processes on one SQLite file. */
import { sqlite } from './grounds.ts';
import { triggerProcesses } from './triggers/process-suite.ts';

triggerProcesses('sqlite', () => sqlite.newStore(), 3);
