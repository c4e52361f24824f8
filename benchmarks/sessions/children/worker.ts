/** `node worker.ts URL`: a worker in a process of its own. */
import { connectWorker, SessionWorker } from '../../../src/sessions/index.ts';
import { agents } from '../contenders.ts';

const worker = new SessionWorker({ agents });
connectWorker(worker, process.argv[2] ?? '');
