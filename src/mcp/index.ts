/** A ledger as an MCP server: tools, resources and live updates, over stdio or HTTP. */
export { mcpHandler } from './http.ts';
export type { McpHandler, McpHandlerOptions } from './http.ts';
export { mcpServer } from './server.ts';
export type { McpOptions } from './server.ts';
export { serveMcp } from './stdio.ts';
export type { McpConnection, ServeMcpOptions } from './stdio.ts';
