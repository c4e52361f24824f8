/** A ledger as an MCP server: tools, resources and live updates, over stdio or HTTP. */
export { mcpDoor, mcpHandler } from './http.ts';
export type { McpDoor, McpDoorOptions, McpHandler, McpHandlerOptions } from './http.ts';
export { mcpServer } from './server.ts';
export type { McpOptions } from './server.ts';
export type { SessionOwner as McpCaller } from './sessions.ts';
export { serveMcp } from './stdio.ts';
export type { McpConnection, ServeMcpOptions } from './stdio.ts';
