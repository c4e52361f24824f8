/**
 * Entries and scopes as resources: `holdfast://APP/SCOPE/KEY` and `holdfast://APP/SCOPE`, each part
 * percent-encoded. Both can be subscribed to: they tell when a change is committed.
 */
import { ResourceNotFoundError, ResourceTemplate } from '@modelcontextprotocol/server';
import type { McpServer, ReadResourceResult } from '@modelcontextprotocol/server';
import type { Ledger } from '../ledger/index.ts';
import { headOf } from './shapes.ts';

const listedScopes = 200;
const listedKeys = 1000;

export function scopeUri(app: string, scope: string): string {
  return `holdfast://${app}/${encodeURIComponent(scope)}`;
}

export function entryUri(app: string, scope: string, key: string): string {
  return `${scopeUri(app, scope)}/${encodeURIComponent(key)}`;
}

/** What a URI names. Undefined if it is no URI of this app. */
export function parseUri(
  app: string,
  uri: string,
): { readonly scope: string; readonly key: string | undefined } | undefined {
  const start = `holdfast://${app}/`;
  if (!uri.startsWith(start)) return undefined;
  const [scope = '', key, ...rest] = uri.slice(start.length).split('/');
  if (scope === '' || rest.length > 0) return undefined;
  try {
    return {
      scope: decodeURIComponent(scope),
      key: key === undefined ? undefined : decodeURIComponent(key),
    };
  } catch {
    return undefined;
  }
}

export function registerResources(server: McpServer, ledger: Ledger): void {
  const app = ledger.name;
  server.registerResource(
    'scope',
    new ResourceTemplate(`holdfast://${app}/{scope}`, {
      list: async () => {
        const { items } = await ledger.scopes({ limit: listedScopes });
        const resources = items.map(({ scope, entries }) => ({
          uri: scopeUri(app, scope),
          name: scope,
          description: `${entries} entries`,
          mimeType: 'application/json',
        }));
        return { resources };
      },
    }),
    { title: 'A scope', description: 'Its keys with their versions', mimeType: 'application/json' },
    async (uri) => readScope(ledger, uri.href),
  );
  server.registerResource(
    'entry',
    new ResourceTemplate(`holdfast://${app}/{scope}/{key}`, { list: undefined }),
    { title: 'An entry', description: 'The value as it is', mimeType: 'application/json' },
    async (uri) => readEntry(ledger, uri.href),
  );
}

async function readScope(ledger: Ledger, uri: string): Promise<ReadResourceResult> {
  const { scope } = named(ledger, uri);
  const page = await ledger.scan({ scope, limit: listedKeys, keysOnly: true });
  const keys = page.items.map(headOf);
  const text = JSON.stringify({ scope, keys, complete: page.cursor === undefined });
  return { contents: [{ uri, mimeType: 'application/json', text }] };
}

async function readEntry(ledger: Ledger, uri: string): Promise<ReadResourceResult> {
  const { scope, key } = named(ledger, uri);
  const [entry] = await ledger.read([{ scope, key: key ?? '' }]);
  if (entry === undefined) throw new ResourceNotFoundError(uri);
  const { content } = entry.value;
  if (typeof content === 'string') {
    return { contents: [{ uri, mimeType: 'application/json', text: content }] };
  }
  const { base64 } = entry.value.toJSON() as { base64: string };
  return { contents: [{ uri, mimeType: 'application/octet-stream', blob: base64 }] };
}

function named(ledger: Ledger, uri: string): { scope: string; key: string | undefined } {
  const parsed = parseUri(ledger.name, uri);
  if (parsed === undefined || parsed.scope.startsWith('$')) throw new ResourceNotFoundError(uri);
  return parsed;
}
