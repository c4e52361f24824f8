/** What serves a store, and its config file: `serve`, `mcp`, `token`, `config`. */
import { Option } from 'commander';
import type { Command } from 'commander';
import type { McpCommandOptions } from '../commands/serving/mcp.ts';
import type { ServeCommandOptions } from '../commands/serving/terms.ts';
import type * as tokenCommands from '../commands/serving/token.ts';
import type { Context } from '../context.ts';
import { portNumber, positive } from '../input/number.ts';
import type { Action, Run } from './action.ts';

/** As the server has it, which is loaded when it is needed. */
const defaultPort = 7420;

export function addServingCommands(program: Command, run: Run): void {
  addServe(program, run);
  addTokens(program, run);
  program
    .command('mcp')
    .description('serves the app to an MCP client on standard input and output')
    .option('--read-only', 'without the tools that write')
    .action(
      run(async (context: Context, options: McpCommandOptions) => {
        // Loaded when it is needed: other commands should not wait for the protocol.
        const { mcp } = await import('../commands/serving/mcp.ts');
        await mcp(context, options);
      }),
    );
}

export function addConfigCommands(program: Command, run: Run): void {
  const config = program.command('config').description('looks at a config file, opens nothing');
  config
    .command('check [file]')
    .description('says every mistake in it with its line; 2 if there is one')
    .action(
      run(async (context: Context, file: string | undefined) => {
        const { checkConfig } = await import('../commands/config.ts');
        await checkConfig(context, file ?? context.options.config ?? 'holdfast.yaml');
      }),
    );
  config
    .command('schema')
    .description('prints the JSON Schema of config files, for editors')
    .action(
      run(async (context: Context) => {
        const { printConfigSchema } = await import('../commands/config.ts');
        await printConfigSchema(context);
      }),
    );
}

function addServe(program: Command, run: Run): void {
  program
    .command('serve')
    .description(
      'serves the store over HTTP and WebSocket until it is stopped. Flags win over a --config ' +
        'file, which SIGHUP reads again',
    )
    .option('--host <address>', 'where to listen (127.0.0.1); beyond loopback tokens are asked for')
    .option(
      '--port <port>',
      `where to listen (${defaultPort}); 0 takes one that is free`,
      portNumber,
    )
    .option('--socket <path>', 'a Unix socket in place of host and port')
    .option('--workers <count>', 'so many processes on one store (1)', positive)
    .addOption(
      new Option(
        '--auth <kind>',
        'whether to ask for tokens; left out: once there has been one',
      ).choices(['tokens', 'open']),
    )
    .option('--origin <origin...>', 'web pages that may call it')
    .option('--hostname <name...>', 'names that it is reached by')
    .addOption(
      new Option('--log <level>', 'how much to say on standard error (info)').choices([
        'trace',
        'debug',
        'info',
        'warn',
        'error',
        'silent',
      ]),
    )
    .option('--no-mcp', 'without MCP at /mcp')
    .option('--no-sessions', 'without a session host')
    .action(
      run(async (context: Context, options: ServeCommandOptions) => {
        const { serveStore } = await import('../commands/serving/serve.ts');
        await serveStore(context, options);
      }),
    );
}

function addTokens(program: Command, run: Run): void {
  const token = program.command('token').description('makes, lists and revokes tokens of a server');
  const lazily =
    <A extends unknown[]>(pick: (commands: TokenCommands) => Action<A>) =>
    async (context: Context, ...values: A): Promise<void> =>
      pick(await import('../commands/serving/token.ts'))(context, ...values);
  token
    .command('create <name>')
    .description('makes a token and shows it, once')
    .requiredOption(
      '--grant <grant...>',
      'APP[:SCOPE]=RIGHT,…: shop=read or shop:session/*=read,write',
    )
    .option('--expires <span>', 'ends after it: 12h, 30d')
    .option('--requests <count>', 'at most so many requests a second', positive)
    .option('--watches <count>', 'at most so many watches', positive)
    .option('--connections <count>', 'at most so many connections', positive)
    .action(run(lazily((commands) => commands.createToken)));
  token
    .command('list')
    .description('lists tokens with their rights and their last use')
    .action(run(lazily((commands) => commands.listTokens)));
  token
    .command('revoke <token>')
    .description('ends a token, by its id or name, at once')
    .action(run(lazily((commands) => commands.revokeToken)));
}

type TokenCommands = typeof tokenCommands;
