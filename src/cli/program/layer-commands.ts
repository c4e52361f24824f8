/** What layers keep: sessions and runs. Their arguments, their options, their help. */
import type { Command } from 'commander';
import type { PruneOptions } from '../commands/layers/run.ts';
import type { Context } from '../context.ts';
import { positive, wholeNumber } from '../input/number.ts';
import type { Run } from './action.ts';

export function addSessionCommands(program: Command, run: Run): void {
  // Loaded when it is needed, with the libraries that sessions need.
  const sessions = () => import('../commands/layers/session.ts');
  const session = program
    .command('session')
    .description('shows and deletes conversations that hosts keep');
  session
    .command('list')
    .description('lists sessions with their version, agent and size')
    .option('--prefix <text>', 'names that start with it')
    .action(
      run(async (context: Context, options: { prefix?: string }) => {
        await (await sessions()).sessionList(context, options);
      }),
    );
  session
    .command('show <name>')
    .description('shows what a session holds')
    .option('--prefix <text>', 'keys that start with it')
    .action(
      run(async (context: Context, name: string, options: { prefix?: string }) => {
        await (await sessions()).sessionShow(context, name, options);
      }),
    );
  session
    .command('delete <name>')
    .description('deletes a session')
    .option('--erase', 'from the log, too')
    .action(
      run(async (context: Context, name: string, options: { erase?: boolean }) => {
        await (await sessions()).sessionDelete(context, name, options);
      }),
    );
}

export function addRunCommands(program: Command, run: Run): void {
  const runs = () => import('../commands/layers/run.ts');
  const command = program
    .command('run')
    .description('shows runs of workflows, forks and prunes their checkpoints');
  command
    .command('list [workflow]')
    .description('lists runs with their status and last checkpoint, of all workflows by default')
    .action(
      run(async (context: Context, workflow: string | undefined) => {
        await (await runs()).runList(context, workflow);
      }),
    );
  command
    .command('checkpoints <workflow> <run>')
    .description('lists the checkpoints of a run, newest first')
    .option('--limit <count>', 'at most so many', positive)
    .action(
      run(async (context: Context, flow: string, id: string, options: { limit?: number }) => {
        await (await runs()).runCheckpoints(context, flow, id, options);
      }),
    );
  command
    .command('show <workflow> <run>')
    .description('shows the state of a run, as its last or another checkpoint has it')
    .option('--checkpoint <id>', 'another than the last', wholeNumber)
    .action(
      run(async (context: Context, flow: string, id: string, options: { checkpoint?: number }) => {
        await (await runs()).runShow(context, flow, id, options);
      }),
    );
  command
    .command('diff <workflow> <run> <before> <after>')
    .description('shows what differs between two checkpoints')
    .action(
      run(async (context: Context, flow: string, id: string, before: string, after: string) => {
        await (await runs()).runDiff(context, flow, id, before, after);
      }),
    );
  command
    .command('fork <workflow> <run> <checkpoint> <name>')
    .description('begins a run where a checkpoint of another stands')
    .action(
      run(async (context: Context, flow: string, id: string, from: string, name: string) => {
        await (await runs()).runFork(context, flow, id, from, name);
      }),
    );
  addPruneCommand(command, run);
}

function addPruneCommand(command: Command, run: Run): void {
  command
    .command('prune <workflow> <run>')
    .description('drops the checkpoints of a run that nothing keeps; never the last')
    .option('--last <count>', 'keep the newest', wholeNumber)
    .option('--within <span>', 'keep those not older than that, as 7d')
    .option('--tag <tag...>', 'keep those with one of these tags')
    .action(
      run(async (context: Context, flow: string, id: string, keep: PruneOptions) => {
        const { runPrune } = await import('../commands/layers/run.ts');
        await runPrune(context, flow, id, keep);
      }),
    );
}
