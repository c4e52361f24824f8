/** `trigger …`: what triggers there are, how far they are, and what they have given up. */
import { isHoldfastError } from '../../../errors/index.ts';
import { DeadLetters, triggerNames, TriggerRecords } from '../../../layers/triggers/index.ts';
import type { DeadLetter, TriggerFilter, TriggerStatus } from '../../../layers/triggers/index.ts';
import type { Ledger } from '../../../ledger/index.ts';
import type { Context } from '../../context.ts';
import { exitCodes } from '../../exit-codes.ts';
import { CommandEnd, usageError } from '../../failure.ts';
import { formatCount, formatTime } from '../../output/format.ts';
import type { RecordShape } from '../../output/output.ts';

const statusShape: RecordShape<TriggerStatus> = {
  json: (status) => JSON.stringify(status),
  columns: [
    { title: 'TRIGGER', cell: ({ name }) => name },
    { title: 'STATE', cell: stateOf },
    { title: 'ON', cell: ({ filter }) => placeOf(filter) },
    { title: 'LAG', align: 'right', cell: ({ lag }) => formatCount(lag) },
    { title: 'PER S', align: 'right', cell: ({ perSecond }) => formatCount(Math.round(perSecond)) },
    { title: 'PARKED', align: 'right', cell: ({ parked }) => formatCount(parked) },
    { title: 'DEAD', align: 'right', cell: ({ deadLetters }) => formatCount(deadLetters) },
  ],
};

const letterShape: RecordShape<DeadLetter> = {
  json: (letter) => JSON.stringify(letter),
  columns: [
    { title: 'ID', cell: ({ id }) => id },
    { title: 'GIVEN UP', cell: ({ time }) => formatTime(time) },
    { title: 'CHANGE', cell: ({ event }) => `${event.kind} ${event.scope} ${event.key}` },
    { title: 'ATTEMPTS', align: 'right', cell: ({ attempts }) => String(attempts) },
    { title: 'ERROR', cell: ({ error, reason }) => (error === '' ? reason : error) },
  ],
};

export async function listTriggers(context: Context): Promise<void> {
  await context.withLedger('read', async (ledger) => {
    const writer = context.output.records<TriggerStatus>(statusShape);
    for (const name of await triggerNames(ledger)) {
      const records = new TriggerRecords(ledger, name);
      if ((await records.config()) !== undefined) await writer.write(await records.status());
    }
    await writer.flush();
  });
}

export async function pauseTrigger(context: Context, name: string): Promise<void> {
  await onTrigger(context, name, (records) => records.setPaused(true));
}

export async function resumeTrigger(context: Context, name: string): Promise<void> {
  await onTrigger(context, name, (records) => records.setPaused(false));
}

export async function listDeadLetters(
  context: Context,
  name: string,
  options: { readonly limit?: number | undefined },
): Promise<void> {
  await context.withLedger('read', async (ledger) => {
    await known(ledger, name);
    const letters = new DeadLetters(ledger, name);
    const writer = context.output.records<DeadLetter>(letterShape);
    let left = options.limit ?? Infinity;
    let cursor: string | undefined;
    do {
      context.signal.throwIfAborted();
      const page = await letters.page({ limit: Math.min(left, 100), cursor });
      for (const letter of page.letters) await writer.write(letter);
      left -= page.letters.length;
      cursor = page.cursor;
    } while (cursor !== undefined && left > 0);
    await writer.flush();
  });
}

export async function replayDeadLetters(
  context: Context,
  name: string,
  ids: readonly string[],
  options: { readonly all?: boolean | undefined },
): Promise<void> {
  await withLetters(context, name, ids, options, (letters, meant) => letters.replay(meant));
}

export async function dropDeadLetters(
  context: Context,
  name: string,
  ids: readonly string[],
  options: { readonly all?: boolean | undefined },
): Promise<void> {
  await withLetters(context, name, ids, options, (letters, meant) => letters.drop(meant));
}

async function withLetters(
  context: Context,
  name: string,
  ids: readonly string[],
  { all = false }: { readonly all?: boolean | undefined },
  work: (letters: DeadLetters, ids: readonly string[] | undefined) => Promise<number>,
): Promise<void> {
  if (all === ids.length > 0) throw usageError('name dead letters by their ids, or say --all');
  await context.withLedger('write', async (ledger) => {
    await known(ledger, name);
    const count = await work(new DeadLetters(ledger, name), all ? undefined : ids);
    if (count < ids.length) {
      throw notFound(`${ids.length - count} of the dead letters are not there`, {
        trigger: name,
        found: count,
      });
    }
    const told = context.isJson ? JSON.stringify({ count }) : formatCount(count);
    await context.output.text(`${told}\n`);
  });
}

async function onTrigger(
  context: Context,
  name: string,
  work: (records: TriggerRecords) => Promise<void>,
): Promise<void> {
  await context.withLedger('write', async (ledger) => work(await known(ledger, name)));
}

async function known(ledger: Ledger, name: string): Promise<TriggerRecords> {
  const records = new TriggerRecords(ledger, name);
  try {
    if ((await records.config()) !== undefined) return records;
  } catch (error) {
    if (!isHoldfastError(error, 'invalid_name')) throw error;
  }
  throw notFound(`there is no trigger '${name}'`, { trigger: name });
}

function stateOf({ isPaused, workers }: TriggerStatus): string {
  if (isPaused) return 'paused';
  return workers === 0 ? 'nobody runs it' : `${workers} running`;
}

function placeOf({ scope, key, prefix, kinds }: TriggerFilter): string {
  const place = scope === undefined ? '*' : `${scope} ${key ?? `${prefix ?? ''}*`}`;
  return kinds === undefined ? place : `${place} (${kinds.join(', ')})`;
}

function notFound(message: string, details: Readonly<Record<string, unknown>>): CommandEnd {
  return new CommandEnd('not_found', exitCodes.notFound, message, details);
}
