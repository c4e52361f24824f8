/** The command line: its global options, and every command, which `program/` declares. */
import { Command, Option } from 'commander';
import { Context } from './context.ts';
import type { GlobalOptions } from './context.ts';
import type { Action } from './program/action.ts';
import { addEntryCommands, addListCommands } from './program/entry-commands.ts';
import { addRunCommands, addSessionCommands } from './program/layer-commands.ts';
import { addConfigCommands, addServingCommands } from './program/serving-commands.ts';
import { addTransferCommands } from './program/transfer-commands.ts';
import { addTriggerCommands } from './program/trigger-commands.ts';
import { version } from './version.ts';

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
    .option('-c, --config <file>', 'a config file, which names the store and the rules of its apps')
    .option('-a, --app <name>', 'the app whose state it is', 'default')
    .addOption(new Option('--token <token>', 'for a server').env('HOLDFAST_TOKEN'))
    .option('--json', 'JSON Lines, also on a terminal')
    .option('--table', 'tables, also where the output is no terminal')
    .option('-q, --quiet', 'no progress, no remarks')
    .configureHelp({ showGlobalOptions: true })
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
  addSessionCommands(program, run);
  addRunCommands(program, run);
  addTransferCommands(program, run);
  addTriggerCommands(program, run);
  addServingCommands(program, run);
  addConfigCommands(program, run);
  return program;
}
