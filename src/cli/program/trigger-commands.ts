/** The commands of `holdfast trigger`: their arguments, their options, their help. */
import type { Command } from 'commander';
import {
  dropDeadLetters,
  listDeadLetters,
  listTriggers,
  pauseTrigger,
  replayDeadLetters,
  resumeTrigger,
} from '../commands/layers/trigger.ts';
import { positive } from '../input/number.ts';
import type { Run } from './action.ts';

export function addTriggerCommands(program: Command, run: Run): void {
  const trigger = program.command('trigger').description('looks after triggers');
  trigger
    .command('list')
    .description('lists triggers, how far they are and what they hold')
    .action(run(listTriggers));
  trigger
    .command('pause <name>')
    .description('starts no more handlers, in any process')
    .action(run(pauseTrigger));
  trigger.command('resume <name>').description('goes on').action(run(resumeTrigger));
  trigger
    .command('dead-letters <name>')
    .description('shows the events that were given up, the oldest first')
    .option('--limit <count>', 'at most so many', positive)
    .action(run(listDeadLetters));
  trigger
    .command('replay <name> [ids...]')
    .description('hands dead letters back to whoever runs the trigger')
    .option('--all', 'all of them')
    .action(run(replayDeadLetters));
  trigger
    .command('drop <name> [ids...]')
    .description('forgets dead letters')
    .option('--all', 'all of them')
    .action(run(dropDeadLetters));
}
