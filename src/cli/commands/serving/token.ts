/**
 * `token`: makes, lists and revokes the tokens of a store's server: in the store itself, where the
 * URL leads to it, or by asking its server.
 */
import { systemClock } from '../../../internal/clock.ts';
import { systemRandom } from '../../../internal/random.ts';
import { TokenStore, formatGrant, parseGrant } from '../../../server/index.ts';
import type { CreatedToken, ListedToken, NewToken } from '../../../server/index.ts';
import type { Context } from '../../context.ts';
import { CommandEnd } from '../../failure.ts';
import { exitCodes } from '../../exit-codes.ts';
import { parseDuration } from '../../input/duration.ts';
import { formatTime } from '../../output/format.ts';
import type { RecordShape } from '../../output/output.ts';
import { ServerAdmin } from '../../remote/server-admin.ts';
import { atHome, isServerUrl } from '../../store.ts';
import type { Access } from '../../store.ts';

/** A store's tokens, wherever it is. */
interface Tokens {
  create(asked: NewToken): Promise<CreatedToken>;
  list(): Promise<readonly ListedToken[]>;
  /** Returns the ids that were revoked now. */
  revoke(idOrName: string): Promise<readonly string[]>;
}

export interface CreateTokenOptions {
  readonly grant: readonly string[];
  readonly expires?: string | undefined;
  readonly requests?: number | undefined;
  readonly watches?: number | undefined;
  readonly connections?: number | undefined;
}

export async function createToken(
  context: Context,
  name: string,
  options: CreateTokenOptions,
): Promise<void> {
  const grants = options.grant.map(parseGrant);
  const expiresAt =
    options.expires === undefined
      ? undefined
      : context.clock.now() + parseDuration(options.expires);
  const { requests, watches, connections } = options;
  const limits = {
    ...(requests === undefined ? {} : { requestsPerSecond: requests }),
    ...(watches === undefined ? {} : { watches }),
    ...(connections === undefined ? {} : { connections }),
  };
  await withTokens(context, 'create', async (tokens) => {
    const made = await tokens.create({ name, grants, expiresAt, limits });
    const { token, id, expiresAt: end } = made;
    // Alone on standard output, so that it can be put where it is needed and nowhere else.
    const line = context.isJson ? JSON.stringify({ token, id, name, expiresAt: end }) : token;
    await context.output.text(`${line}\n`);
    const until = end === null ? '' : `, and ends ${formatTime(end)}`;
    context.note(
      `token ${id}: it is not shown again${until}. A server that starts asks for tokens`,
    );
  });
}

const tokenShape: RecordShape<ListedToken> = {
  json: (token) => JSON.stringify({ ...token, grants: token.grants.map(formatGrant) }),
  columns: [
    { title: 'ID', cell: ({ id }) => id },
    { title: 'NAME', cell: ({ name }) => name },
    { title: 'STATE', cell: ({ state }) => state },
    { title: 'GRANTS', cell: ({ grants }) => grants.map(formatGrant).join(' ') },
    {
      title: 'EXPIRES',
      cell: ({ expiresAt }) => (expiresAt === null ? 'never' : formatTime(expiresAt)),
    },
    {
      title: 'LAST USED',
      cell: ({ lastUsedAt }) => (lastUsedAt === undefined ? 'never' : formatTime(lastUsedAt)),
    },
  ],
};

export async function listTokens(context: Context): Promise<void> {
  await withTokens(context, 'read', async (tokens) => {
    const writer = context.output.records(tokenShape);
    for (const token of await tokens.list()) await writer.write(token);
    await writer.flush();
  });
}

export async function revokeToken(context: Context, idOrName: string): Promise<void> {
  await withTokens(context, 'write', async (tokens) => {
    const revoked = await tokens.revoke(idOrName);
    if (revoked.length === 0) {
      const message = `there is no active token '${idOrName}'`;
      throw new CommandEnd('not_found', exitCodes.notFound, message, { token: idOrName });
    }
    const text = context.isJson ? JSON.stringify({ revoked }) : `revoked ${revoked.join(', ')}`;
    await context.output.text(`${text}\n`);
  });
}

async function withTokens(
  context: Context,
  access: Access,
  work: (tokens: Tokens) => Promise<void>,
): Promise<void> {
  const place = await context.place();
  if (isServerUrl(place.url)) return work(servedTokens(new ServerAdmin(place, context.signal)));
  const parts = { clock: systemClock, random: systemRandom };
  return context.withStore(access, (store) =>
    work(new TokenStore(atHome(store, 'token').system, parts)),
  );
}

/** What the server lets the holder of the command's token do. */
function servedTokens(server: ServerAdmin): Tokens {
  const path = '/v1/tokens';
  return {
    async create(body) {
      return (await server.ask({ method: 'POST', path, body })) as CreatedToken;
    },
    async list() {
      const { tokens } = (await server.ask({ method: 'GET', path })) as { tokens: ListedToken[] };
      return tokens;
    },
    async revoke(idOrName) {
      const one = `${path}/${encodeURIComponent(idOrName)}`;
      const answer = await server.ask({ method: 'DELETE', path: one });
      return (answer as { revoked: string[] }).revoked;
    },
  };
}
