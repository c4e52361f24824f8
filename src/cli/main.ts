#!/usr/bin/env node
/**
 * `holdfast`: runs one command and ends with its exit code.
 *
 * M1. The first SIGINT or SIGTERM lets the command stop in order; the second ends the process.
 * M2. A reader of standard output that goes away ends the command with 0: it has what it wanted.
 * M3. Memory stays small whatever passes through: V8 would let garbage pile up to 300 MB under a
 *     stream of a million entries. Told to save, it needs half of that, for a third more time.
 */
import { setFlagsFromString } from 'node:v8';
import { CommanderError } from 'commander';
import { exitCodes } from './exit-codes.ts';
import { OutputClosed, describeFailure, failureOf } from './failure.ts';
import { buildProgram } from './program.ts';

setFlagsFromString('--optimize-for-size');

const stop = new AbortController();
let stoppedBy: number | undefined;

function onSignal(exitCode: number): void {
  if (stoppedBy !== undefined) process.exit(exitCode);
  stoppedBy = exitCode;
  stop.abort();
}

process.on('SIGINT', () => onSignal(exitCodes.interrupted));
process.on('SIGTERM', () => onSignal(exitCodes.terminated));

async function run(): Promise<number> {
  try {
    await buildProgram(stop.signal).parseAsync();
    return exitCodes.ok;
  } catch (error) {
    if (error instanceof OutputClosed) return exitCodes.ok;
    if (stoppedBy !== undefined) return stoppedBy;
    // Commander has printed the help, the version or what is wrong by itself.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.usage;
    const failure = failureOf(error);
    process.stderr.write(describeFailure(failure, process.argv.includes('--json')));
    return failure.exitCode;
  }
}

process.exitCode = await run();
