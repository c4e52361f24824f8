/** The command line of the example. */
import { Command, InvalidArgumentError } from 'commander';

export interface ExampleOptions {
  readonly store: string;
  readonly data?: string | undefined;
  readonly concurrency: number;
  readonly pace: number;
  readonly rounds?: number | undefined;
}

export function readOptions(): ExampleOptions {
  const program = new Command('airline')
    .description('Replays the conversations of an airline agent against one durable store.')
    .option('--store <url>', 'where the state is kept', 'file:./airline.db')
    .option('--data <folder>', 'users, reservations and trajectories as JSON Lines')
    .option('--concurrency <count>', 'conversations at once', whole, 8)
    .option('--pace <ms>', 'wait before each step', whole, 0)
    .option('--rounds <count>', 'stop when so many rounds are complete', whole);
  program.parse();
  return program.opts<ExampleOptions>();
}

function whole(text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new InvalidArgumentError('It must be a whole number.');
}
