/**
 * One consumer: how long from a change to its handler, and how many a second it drains.
 *
 * The peers promise less: a reader of a stream keeps no position, a listener hears nothing of what
 * happened while it was away. They are what one has without a trigger.
 */
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { open } from '../../src/index.ts';
import type { App } from '../../src/index.ts';
import { hasRedis, RedisServer } from '../../test/servers/redis.ts';
import { postgresPrograms, PostgresServer } from '../../test/servers/postgres.ts';
import { temporaryFolder } from '../embedded/folder.ts';
import { quantile } from '../measure.ts';
import type { Report } from '../report.ts';
import type { Terms } from './index.ts';

const aim = 50_000;

/** Counts what its consumer was handed, and tells when it is enough. */
class Received {
  #count = 0;
  #enough = Infinity;
  #told = Promise.withResolvers<void>();

  add(count = 1): void {
    this.#count += count;
    if (this.#count >= this.#enough) this.#told.resolve();
  }

  /** Resolves when `count` more have come. */
  next(count: number): Promise<void> {
    this.#enough = this.#count + count;
    this.#told = Promise.withResolvers<void>();
    return this.#told.promise;
  }
}

interface Consumer {
  readonly name: string;
  readonly received: Received;
  /** Makes one change, durable where it can be. */
  send(n: number): Promise<unknown>;
  /** Piles `count` changes up, and returns what lets them be drained. */
  pileUp(count: number): Promise<() => Promise<unknown>>;
  close(): Promise<void>;
}

export async function measureConsumers(report: Report, terms: Terms): Promise<void> {
  using folder = temporaryFolder();
  await measure(report, terms, await triggerOn('memory:', 'memory'));
  await measure(report, terms, await triggerOn(`file:${folder.path}/t.db`, 'SQLite'));
  await measure(report, terms, await triggerOn(`file:${folder.path}/tx.db`, 'SQLite', true));
  if (hasRedis()) {
    await using server = await RedisServer.start();
    await measure(report, terms, await triggerOn(server.url(), 'Redis'));
    await measure(report, terms, await triggerOn(`${server.url()}?prefix=tx`, 'Redis', true));
    await measure(report, terms, await streamReader(server));
  }
  if (postgresPrograms() !== undefined) {
    await using server = await PostgresServer.start();
    await measure(report, terms, await triggerOn(server.url(), 'Postgres'));
    await measure(report, terms, await triggerOn(`${server.url()}?schema=tx`, 'Postgres', true));
    await measure(report, terms, await listener(server));
  }
}

async function measure(report: Report, terms: Terms, consumer: Consumer): Promise<void> {
  try {
    const latencies: number[] = [];
    for (let round = -5; round < terms.rounds; round += 1) {
      const arrived = consumer.received.next(1);
      const startedAt = performance.now();
      void consumer.send(round);
      await arrived;
      if (round >= 0) latencies.push(performance.now() - startedAt);
    }
    const count = consumer.name.includes('with tx') ? terms.events / 10 : terms.events;
    const drained = consumer.received.next(count);
    const drain = await consumer.pileUp(count);
    const startedAt = performance.now();
    const before = process.cpuUsage();
    await Promise.all([drain(), drained]);
    const perSecond = (count / (performance.now() - startedAt)) * 1000;
    const { user, system } = process.cpuUsage(before);
    const isJudged = consumer.name === 'a trigger on SQLite';
    report.add({
      question: consumer.name,
      target: isJudged ? `at least ${aim} events/s` : 'reported',
      met: isJudged ? perSecond >= aim : undefined,
      figures: {
        'p50 ms': quantile(latencies, 0.5),
        'p99 ms': quantile(latencies, 0.99),
        'events/s': perSecond,
        'CPU us per event': (user + system) / count,
        events: count,
      },
    });
  } finally {
    await consumer.close();
  }
}

async function triggerOn(url: string, engine: string, withTx = false): Promise<Consumer> {
  const store = await open(url);
  const app: App = store.app('a');
  const scope = app.scope<{ n: number }>('in');
  const counts = app.scope<number>('counts');
  const received = new Received();
  const trigger = await app.trigger('t', { scope: 'in', concurrency: 128 }, (_event, { tx }) => {
    if (!withTx) return received.add();
    void tx.scope(counts).update('all', [{ op: 'increment' }]);
    return undefined;
  });
  // An effect counts once it is there.
  const watching = counts.watch({ key: 'all' }, (event) => {
    if (event.kind === 'changes') received.add(event.changes.length);
  });
  const send = (n: number): Promise<unknown> => scope.set(`k${n % 1000}`, { n });
  return {
    name: `a trigger on ${engine}${withTx ? ' with tx' : ''}`,
    received,
    send,
    async pileUp(count) {
      await trigger.pause();
      for (let from = 0; from < count; from += 500) {
        await Promise.all(Array.from({ length: 500 }, (_, n) => send(from + n)));
      }
      return () => trigger.resume();
    },
    async close() {
      await watching.stop();
      await store.close();
    },
  };
}

async function streamReader(server: RedisServer): Promise<Consumer> {
  const writer = new Redis(server.port, '127.0.0.1');
  const reader = new Redis(server.port, '127.0.0.1');
  const received = new Received();
  const state = { isOver: false, gate: Promise.resolve() };
  const reading = (async () => {
    for (let at = '0'; !state.isOver;) {
      await state.gate;
      const answer = await reader.xread('COUNT', 1000, 'BLOCK', 100, 'STREAMS', 'in', at);
      for (const [id, fields] of answer?.[0]?.[1] ?? []) {
        JSON.parse(fields[1] ?? '');
        at = id;
        received.add();
      }
    }
  })();
  const send = (n: number): Promise<unknown> =>
    writer.xadd('in', '*', 'value', JSON.stringify({ n }));
  return {
    name: 'a bare XREAD consumer (Redis, appendfsync always)',
    received,
    send,
    async pileUp(count) {
      const gate = Promise.withResolvers<void>();
      state.gate = gate.promise;
      for (let from = 0; from < count; from += 500) {
        await Promise.all(Array.from({ length: 500 }, (_, n) => send(from + n)));
      }
      return async () => gate.resolve();
    },
    async close() {
      state.isOver = true;
      await reading;
      await Promise.all([writer.quit(), reader.quit()]);
    },
  };
}

async function listener(server: PostgresServer): Promise<Consumer> {
  const [writer, reader] = [new Client(server.url()), new Client(server.url())];
  await Promise.all([writer.connect(), reader.connect()]);
  await writer.query('CREATE TABLE changes (n bigint)');
  const received = new Received();
  reader.on('notification', ({ payload }) => {
    JSON.parse(payload ?? '');
    received.add();
  });
  await reader.query('LISTEN changes');
  const one = `WITH c AS (INSERT INTO changes VALUES ($1) RETURNING n)
    SELECT pg_notify('changes', json_build_object('n', n)::text) FROM c`;
  const many = `WITH c AS (INSERT INTO changes SELECT * FROM generate_series(1, $1) RETURNING n)
    SELECT count(pg_notify('changes', json_build_object('n', n)::text)) FROM c`;
  return {
    name: 'a LISTEN consumer (Postgres)',
    received,
    send: (n) => writer.query(one, [n]),
    // Notifications come at the commit: piled up by their transaction.
    async pileUp(count) {
      await writer.query('BEGIN');
      await writer.query(many, [count]);
      return () => writer.query('COMMIT');
    },
    async close() {
      await Promise.all([writer.end(), reader.end()]);
    },
  };
}
