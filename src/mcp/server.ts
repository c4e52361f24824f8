/**
 * One app's state as an MCP server.
 *
 * M1. A server shows one ledger and nothing else. What a caller may see or do is the ledger's
 *     affair: hand over one that is limited to the caller's rights.
 * M2. Scopes of layers (`$…`) are neither shown nor written.
 * M3. What goes wrong comes back as a tool result that a model can act on: the code, what happened,
 *     whether it may have been applied, what to do.
 */
import { McpServer } from '@modelcontextprotocol/server';
import type { Ledger } from '../ledger/index.ts';
import { registerResources } from './resources.ts';
import { registerHistoryTool } from './tools/history.ts';
import { registerReadTools } from './tools/read.ts';
import { registerTransactTool } from './tools/transact.ts';
import { registerWriteTools } from './tools/write.ts';

export interface McpOptions {
  /** Told to clients beside the server's name. */
  readonly version?: string | undefined;
  /** Leaves out the tools that write. Default false. */
  readonly readOnly?: boolean | undefined;
}

const instructions = `Durable state that outlives this conversation and is shared with others.
Keys live in scopes (named groups). Every entry has a version: read it, then pass it as ifVersion
to write only if nobody changed the entry meanwhile. A failed condition is an answer with the actual
version, not an error. Prefer update over get and set: its operations lose nobody's writes.`;

/**
 * Makes a server for one connection or one request; connect it to a transport of the SDK. Clients
 * are told of changes only by `serveMcp`, `mcpHandler` and `mcpDoor`.
 *
 * @example
 * import { Client } from '@modelcontextprotocol/client';
 * import { InMemoryTransport } from '@modelcontextprotocol/server';
 * import { mcpServer } from 'holdfast/mcp';
 *
 * const [near, far] = InMemoryTransport.createLinkedPair();
 * await mcpServer(app.ledger, { readOnly: true }).connect(far);
 * const client = new Client({ name: 'agent', version: '1' });
 * await client.connect(near);
 * const { tools } = await client.listTools();
 * tools.map(({ name }) => name).includes('set'); // => false
 * await client.close();
 */
export function mcpServer(ledger: Ledger, options: McpOptions = {}): McpServer {
  const server = new McpServer(
    { name: 'holdfast', title: 'Holdfast', version: options.version ?? '0' },
    { instructions, capabilities: { resources: { subscribe: true } } },
  );
  registerReadTools(server, ledger);
  registerHistoryTool(server, ledger);
  if (options.readOnly !== true) {
    registerWriteTools(server, ledger);
    registerTransactTool(server, ledger);
  }
  registerResources(server, ledger);
  return server;
}
