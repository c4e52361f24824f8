/** `mcp`: the app's state as an MCP server on standard input and output. */
import { serveMcp } from '../../mcp/index.ts';
import type { Context } from '../context.ts';
import { version } from '../version.ts';

export interface McpCommandOptions {
  readonly readOnly?: boolean | undefined;
}

export async function mcp(context: Context, { readOnly }: McpCommandOptions): Promise<void> {
  const { signal, options } = context;
  await context.withStore(readOnly === true ? 'read' : 'create', async (store) => {
    const connection = serveMcp(store.ledger(options.app), {
      readOnly,
      version: version(),
      // Standard output is the protocol's alone.
      onError: (error) => process.stderr.write(`holdfast mcp: ${error.message}\n`),
    });
    context.note(`serving '${options.app}' of ${store.url} over MCP`);
    signal.addEventListener('abort', () => void connection.close(), { once: true });
    await connection.closed;
  });
}
