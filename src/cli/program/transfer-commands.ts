/** What moves state, and what looks after it as a whole: arguments, options, help. */
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { backup, restore } from '../commands/backup.ts';
import { copy } from '../commands/copy.ts';
import { doctor } from '../commands/doctor.ts';
import { exportEntries, importEntries } from '../commands/transfer.ts';
import type { Run } from './action.ts';

export function addTransferCommands(program: Command, run: Run): void {
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
    .option('--only <apps...>', 'these apps, of a store that is no file; left out, all')
    .action(run(backup));
  program
    .command('restore <file>')
    .description('makes the store anew from a backup')
    .option(
      '--force',
      'replaces what is there: a file that nobody has open, or the entries of apps',
    )
    .option('--only <apps...>', 'these apps, from a backup of entries; left out, all of it')
    .action(run(restore));
  program
    .command('doctor')
    .description('checks every rule of the store; changes nothing; 6 if one is broken')
    .action(run(doctor));
}

function importKind(text: string): string {
  if (['jsonl', 'iii', 'keyv'].includes(text) || /^rediss?:\/\//.test(text)) return text;
  throw new InvalidArgumentError('Allowed are jsonl, iii, keyv, and redis://HOST:PORT.');
}
