/** The command lines of the example. */
import { Command, InvalidArgumentError } from 'commander';
import { defaultPort } from '../../src/server/index.ts';

export interface ExampleOptions {
  readonly store: string;
  readonly data?: string | undefined;
  readonly concurrency: number;
  readonly pace: number;
  readonly rounds?: number | undefined;
}

export interface StartOptions extends ExampleOptions {
  readonly port: number;
}

export function readOptions(): ExampleOptions {
  return replaying('npm run airline --').parse().opts<ExampleOptions>();
}

export function readStartOptions(): StartOptions {
  return replaying('npm start --')
    .description('Replays them, then serves the store until it is stopped.')
    .option('--port <port>', 'where to listen; 0 takes one that is free', port, defaultPort)
    .parse()
    .opts<StartOptions>();
}

function replaying(name: string): Command {
  return new Command(name)
    .description('Replays the conversations of an airline’s agent against one durable store.')
    .option('--store <url>', 'where the state is kept', 'file:./airline.db')
    .option('--data <folder>', 'users, reservations and trajectories as JSON Lines')
    .option('--concurrency <count>', 'conversations at once', atLeast(1), 8)
    .option('--pace <ms>', 'wait before each step', atLeast(0), 0)
    .option('--rounds <count>', 'stop when so many rounds are complete', atLeast(1));
}

function atLeast(least: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (Number.isSafeInteger(number) && number >= least) return number;
    throw new InvalidArgumentError(`It must be a whole number, ${least} or more.`);
  };
}

function port(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 0 && number <= 65_535) return number;
  throw new InvalidArgumentError('It must be a number from 0 to 65535.');
}
