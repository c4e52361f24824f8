/** The command line: every command, its arguments, its options. Help texts live here alone. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { Context } from './context.ts';
import type { GlobalOptions } from './context.ts';
import { backup, restore } from './commands/backup.ts';
import { copy } from './commands/copy.ts';
import { doctor } from './commands/doctor.ts';
import { get } from './commands/get.ts';
import { list, scopes } from './commands/list.ts';
import { log } from './commands/changes/log.ts';
import { stats } from './commands/stats.ts';
import { exportEntries, importEntries } from './commands/transfer.ts';
import { watch } from './commands/changes/watch.ts';
import { remove, set, update } from './commands/write.ts';
import { addConfigCommands, addServingCommands } from './serving/serving-commands.ts';
import { positive, wholeNumber } from './input/number.ts';
import { addTriggerCommands } from './triggers/trigger-commands.ts';
import { version } from './version.ts';
import type { BenchOptions } from './commands/bench.ts';
import type { PruneOptions } from './commands/layers/run.ts';

export type Action<A extends unknown[]> = (context: Context, ...values: A) => Promise<void>;

export function buildProgram(signal: AbortSignal): Command {
  const program = new Command('holdfast')
    .description('Looks into a Holdfast store, and changes it.')
    .version(version(), '-V, --version')
    .addOption(
      new Option(
        '-s, --store <url>',
        'the store: a path, file:, postgres:, redis:, or a server’s http: or ws: URL',
      )
        .env('HOLDFAST_STORE')
        .default('file:./holdfast.db'),
    )
    .option('-a, --app <name>', 'the app whose state it is', 'default')
    .addOption(new Option('--token <token>', 'for a server').env('HOLDFAST_TOKEN'))
    .option('--json', 'JSON Lines, also on a terminal')
    .option('--table', 'tables, also where the output is no terminal')
    .option('-q, --quiet', 'no progress, no remarks')
    .showHelpAfterError('(--help shows how)')
    .exitOverride();
  const run =
    <A extends unknown[]>(action: Action<A>) =>
    async (...values: unknown[]): Promise<void> => {
      const isStoreNamed = program.getOptionValueSource('store') === 'cli';
      const context = new Context(program.opts<GlobalOptions>(), signal, isStoreNamed);
      // Commander hands its own command over last.
      try {
        await action(context, ...(values.slice(0, -1) as A));
      } finally {
        await context.output.flush();
      }
    };
  addEntryCommands(program, run);
  addListCommands(program, run);
  addLayerCommands(program, run);
  addRunCommands(program, run);
  addTransferCommands(program, run);
  addTriggerCommands(program, run);
  addServingCommands(program, run);
  addConfigCommands(program, run);
  return program;
}

export type Run = <A extends unknown[]>(
  action: Action<A>,
) => (...values: unknown[]) => Promise<void>;

function addEntryCommands(program: Command, run: Run): void {
  program
    .command('get <scope> <key>')
    .description('prints a value')
    .option('--entry', 'with its version, its times and its expiry')
    .option('--raw', 'text without quotes, bytes as they are, and no line end')
    .action(run(get));
  program
    .command('set <scope> <key> <value>')
    .description('sets a value: JSON, - for standard input, or @FILE')
    .option('--ttl <span>', 'expires after it: 250ms, 90s, 5m, 1h30m, 7d')
    .addOption(ifVersion())
    .option('--if-absent', 'only if there is no such entry')
    .option('--text', 'the value is text, not JSON')
    .option('--bytes', 'the value is bytes, not JSON')
    .action(run(set));
  program
    .command('update <scope> <key> <operations>')
    .description('applies operations: JSON, - or @FILE; one, or a list')
    .option('--ttl <span>', 'expires after it; left out, the expiry stays')
    .addOption(ifVersion())
    .option('--if-absent', 'only if there is no such entry')
    .action(run(update));
  program
    .command('delete <scope> <keys...>')
    .description('deletes entries, all in one commit')
    .addOption(ifVersion())
    .action(run(remove));
}

function addListCommands(program: Command, run: Run): void {
  program
    .command('list <scope>')
    .description('lists entries by key')
    .option('--prefix <text>', 'keys that start with it')
    .option('--from <key>', 'keys from this one on')
    .option('--to <key>', 'keys before this one')
    .option('--limit <count>', 'at most so many', positive)
    .option('--reverse', 'the last key first')
    .option('--keys', 'keys and sizes, no values')
    .action(run(list));
  program
    .command('scopes')
    .description('lists scopes with their entries and bytes')
    .option('--prefix <text>', 'names that start with it')
    .option('--internal', 'also those that layers keep for themselves')
    .action(run(scopes));
  program
    .command('log')
    .description('shows what changed, in order')
    .option('--from <revision>', 'from this revision on', positive)
    .option('--last <count>', 'the last so many revisions', positive)
    .option('--scope <scope>', 'changes of this scope')
    .option('--key <key>', 'changes of this key; needs --scope')
    .option('--prefix <text>', 'changes of keys that start with it')
    .option('--limit <count>', 'at most so many', positive)
    .option('-f, --follow', 'goes on with what changes from now on')
    .action(run(log));
  program
    .command('watch [scope] [key]')
    .description('shows changes as they come: of the app, a scope, or a key')
    .option('--prefix <text>', 'keys that start with it')
    .option('--keys', 'without values')
    .action(run(watch));
  program
    .command('bench')
    .description('measures what the store gives, in a scope of its own that it takes away again')
    .option('--time <span>', 'for each question', '2s')
    .option('--callers <count>', 'at once', positive, 64)
    .option('--bytes <count>', 'of a value', positive, 200)
    .action(
      run(async (context: Context, options: BenchOptions) => {
        const { bench } = await import('./commands/bench.ts');
        await bench(context, options);
      }),
    );
  program
    .command('stats')
    .description('shows the store and its apps in numbers')
    .action(run(stats));
}

function addLayerCommands(program: Command, run: Run): void {
  // Loaded when it is needed, with the libraries that sessions need.
  const sessions = () => import('./commands/layers/session.ts');
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

function addRunCommands(program: Command, run: Run): void {
  const runs = () => import('./commands/layers/run.ts');
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
        const { runPrune } = await import('./commands/layers/run.ts');
        await runPrune(context, flow, id, keep);
      }),
    );
}

function addTransferCommands(program: Command, run: Run): void {
  program
    .command('export [file]')
    .description('writes all entries of one moment as JSON Lines, sorted')
    .option('--all', 'every app, each line with its name')
    .action(run(exportEntries));
  program
    .command('import [file]')
    .description('reads JSON Lines (- for standard input) or another store; can be repeated')
    .addOption(
      new Option('--from <kind>', 'jsonl, iii or keyv, or redis://HOST:PORT without a file')
        .argParser(importKind)
        .default('jsonl'),
    )
    .addOption(
      new Option('--existing <policy>', 'where an entry is there with another value')
        .choices(['overwrite', 'keep', 'fail'])
        .default('overwrite'),
    )
    .option('--scope <scope>', 'puts everything into this scope')
    .option('--keyv-table <name>', 'the table of a Keyv file')
    .action(run(importEntries));
  program
    .command('copy <from> <to>')
    .description('copies apps to another store, while others write; can be resumed and repeated')
    .option('--only <apps...>', 'these apps; left out, all')
    .action(run(copy));
  program
    .command('backup <file>')
    .description('copies the store as it is at one moment, while others write')
    .option('--force', 'replaces the file if it exists')
    .action(run(backup));
  program
    .command('restore <file>')
    .description('makes the store anew from a backup')
    .option('--force', 'replaces the store that is there, if nobody has it open')
    .action(run(restore));
  program
    .command('doctor')
    .description('checks every rule of the store; changes nothing; 6 if one is broken')
    .action(run(doctor));
}

function ifVersion(): Option {
  return new Option('--if-version <version>', 'only if the entry has this version').argParser(
    positive,
  );
}

function importKind(text: string): string {
  if (['jsonl', 'iii', 'keyv'].includes(text) || /^rediss?:\/\//.test(text)) return text;
  throw new InvalidArgumentError('Allowed are jsonl, iii, keyv, and redis://HOST:PORT.');
}
