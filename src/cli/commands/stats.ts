/** `stats`: the store and its apps in numbers. */
import type { LedgerHead } from '../../ledger/index.ts';
import type { Context } from '../context.ts';
import { formatBytes, formatCount, formatTime } from '../output/format.ts';
import type { RecordShape } from '../output/output.ts';
import type { OpenStore } from '../store.ts';

interface AppStats {
  readonly app: string;
  readonly head: LedgerHead;
}

const appShape: RecordShape<AppStats> = {
  json({ app, head }) {
    const { position, entries, bytes, logBytes, trimmed, time } = head;
    return JSON.stringify({ app, entries, bytes, logBytes, ...position, trimmed, time });
  },
  columns: [
    { title: 'APP', cell: ({ app }) => app },
    { title: 'ENTRIES', align: 'right', cell: ({ head }) => formatCount(head.entries) },
    { title: 'SIZE', align: 'right', cell: ({ head }) => formatBytes(head.bytes) },
    { title: 'REVISION', align: 'right', cell: ({ head }) => String(head.position.revision) },
    { title: 'LOG FROM', align: 'right', cell: ({ head }) => String(head.trimmed + 1) },
    { title: 'LOG SIZE', align: 'right', cell: ({ head }) => formatBytes(head.logBytes) },
  ],
};

export async function stats(context: Context): Promise<void> {
  await context.withStore('read', async (store) => {
    const { output } = context;
    await output.text(context.isJson ? await storeJson(store) : await storeText(store));
    const writer = output.records(appShape);
    for (const app of await store.source.names()) {
      await writer.write({ app, head: await store.ledger(app).head() });
    }
    await writer.flush();
  });
}

async function storeJson(store: OpenStore): Promise<string> {
  const { url, source, ledgers } = store;
  const stats = await source.stats();
  // A server does not tell who else uses its store.
  const { members, time } = (await ledgers?.engine.members()) ?? {};
  return `${JSON.stringify({ store: url, ...stats, members, time })}\n`;
}

async function storeText(store: OpenStore): Promise<string> {
  const { durability, storedBytes, facts } = await store.source.stats();
  const moment = await store.ledgers?.engine.members();
  const rows: [string, string][] = [
    ['store', store.url],
    ['durability', durability],
    ['stored', formatBytes(storedBytes)],
    ...(moment === undefined ? [] : [['time', formatTime(moment.time)] as [string, string]]),
  ];
  for (const [name, value] of Object.entries(facts)) {
    const isBytes = /bytes$/i.test(name) && typeof value === 'number';
    rows.push([name, isBytes ? formatBytes(value) : String(value)]);
  }
  const width = Math.max(...rows.map(([name]) => name.length));
  return `${rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n')}\n\n`;
}
