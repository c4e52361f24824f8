/** Single entries, and listings of them: their arguments, their options, their help. */
import { Option } from 'commander';
import type { Command } from 'commander';
import type { BenchOptions } from '../commands/bench.ts';
import { log } from '../commands/changes/log.ts';
import { watch } from '../commands/changes/watch.ts';
import { get } from '../commands/get.ts';
import { list, scopes } from '../commands/list.ts';
import { stats } from '../commands/stats.ts';
import { remove, set, update } from '../commands/write.ts';
import type { Context } from '../context.ts';
import { positive } from '../input/number.ts';
import type { Run } from './action.ts';

export function addEntryCommands(program: Command, run: Run): void {
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

export function addListCommands(program: Command, run: Run): void {
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
        const { bench } = await import('../commands/bench.ts');
        await bench(context, options);
      }),
    );
  program
    .command('stats')
    .description('shows the store and its apps in numbers')
    .action(run(stats));
}

function ifVersion(): Option {
  return new Option('--if-version <version>', 'only if the entry has this version').argParser(
    positive,
  );
}
