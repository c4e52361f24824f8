/** `mcp`: the app's state as an MCP server on standard input and output. */
import { serveMcp } from '../../../mcp/index.ts';
import type { Context } from '../../context.ts';
import { version } from '../../version.ts';

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
    const end = (): void => void connection.close();
    signal.addEventListener('abort', end, { once: true });
    // A client that says nothing before it goes is not noticed by the protocol.
    process.stdin.once('end', end);
    await connection.closed;
  });
}
