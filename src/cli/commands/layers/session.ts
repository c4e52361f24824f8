/** `session list`, `session show NAME` and `session delete NAME`: conversations that hosts keep. */
import { deleteSession, Session, sessionNames } from '../../../layers/sessions/index.ts';
import type { SessionHead } from '../../../layers/sessions/index.ts';
import { StoredValue } from '../../../ledger/index.ts';
import type { ScopeInfo } from '../../../ledger/index.ts';
import type { Context } from '../../context.ts';
import { exitCodes } from '../../exit-codes.ts';
import { CommandEnd } from '../../failure.ts';
import { formatBytes, formatCount, formatValue, valueMember } from '../../output/format.ts';
import type { RecordShape } from '../../output/output.ts';

interface Listed {
  readonly session: string;
  readonly head: SessionHead | undefined;
  readonly info: ScopeInfo;
}

const listedShape: RecordShape<Listed> = {
  json({ session, head, info: { entries, bytes, revision } }) {
    const { version, hash, payload, agent } = head ?? {};
    return JSON.stringify({ session, version, hash, payload, agent, entries, bytes, revision });
  },
  columns: [
    { title: 'SESSION', cell: ({ session }) => session },
    { title: 'VERSION', align: 'right', cell: ({ head }) => String(head?.version ?? '') },
    { title: 'AGENT', cell: ({ head }) => head?.agent ?? '' },
    { title: 'PAYLOAD', cell: ({ head }) => head?.payload ?? '' },
    { title: 'ENTRIES', align: 'right', cell: ({ info }) => formatCount(info.entries) },
    { title: 'SIZE', align: 'right', cell: ({ info }) => formatBytes(info.bytes) },
  ],
};

export async function sessionList(
  context: Context,
  { prefix }: { readonly prefix?: string | undefined },
): Promise<void> {
  await context.withLedger('read', async (ledger) => {
    const writer = context.output.records<Listed>(listedShape);
    for await (const session of sessionNames({ ledger }, prefix)) {
      context.signal.throwIfAborted();
      const head = await new Session(ledger, session).head();
      await writer.write({ session, head, info: await ledger.scope(`$session/${session}`) });
    }
    await writer.flush();
  });
}

interface StateEntry {
  readonly key: string;
  readonly value: StoredValue;
}

const entryShape: RecordShape<StateEntry> = {
  json: ({ key, value }) => `{"key":${JSON.stringify(key)},${valueMember(value)}}`,
  columns: [
    { title: 'KEY', cell: ({ key }) => key },
    { title: 'VALUE', cell: ({ value }) => formatValue(value) },
  ],
};

export async function sessionShow(
  context: Context,
  name: string,
  { prefix }: { readonly prefix?: string | undefined },
): Promise<void> {
  await context.withLedger('read', async (ledger) => {
    const session = new Session(ledger, name);
    const head = await session.head();
    if (head === undefined) throw noSession(name);
    const { output } = context;
    await output.text(context.isJson ? `${JSON.stringify(head)}\n` : titleOf(head));
    const writer = output.records<StateEntry>(entryShape);
    for await (const [key, value] of session.entries(prefix)) {
      context.signal.throwIfAborted();
      await writer.write({ key, value: StoredValue.of(value) });
    }
    await writer.flush();
  });
}

export async function sessionDelete(
  context: Context,
  name: string,
  { erase }: { readonly erase?: boolean | undefined },
): Promise<void> {
  await context.withLedger('write', async (ledger) => {
    if (!(await deleteSession({ ledger }, name, { erase }))) throw noSession(name);
  });
}

function titleOf({ version, hash, payload, agent, earlier }: SessionHead): string {
  const bases = [version, ...earlier.map((base) => base.version)].join(', ');
  return (
    `version  ${version}  (a turn may start from ${bases})\n` +
    `agent    ${agent}\npayload  ${payload}\nhash     ${hash}\n\n`
  );
}

function noSession(name: string): CommandEnd {
  const message = `there is no session '${name}'`;
  return new CommandEnd('not_found', exitCodes.notFound, message, { session: name });
}
