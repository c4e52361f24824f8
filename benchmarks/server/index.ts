/**
 * `npm run bench -- server [quick]`: gets and durable sets over the network of this machine, beside
 * ioredis on a Redis that syncs every write, etcd, and NATS (which does not sync), with the CPU
 * that each request costs client and server.
 */
import { compareAll, warmSecondsFor, warmSecondsOfOneCaller } from '../measure.ts';
import type { Side, Standing } from '../measure.ts';
import { Report } from '../report.ts';
import { arePeersInstalled, howToInstall } from './contenders/contender.ts';
import type { Connection, Contender } from './contenders/contender.ts';
import { etcd } from './contenders/etcd.ts';
import { holdfast } from './contenders/holdfast.ts';
import { nats } from './contenders/nats.ts';
import { redis } from './contenders/redis.ts';

const keys = 10_000;
const value = { name: 'Ada Lovelace', visits: 12, note: 'x'.repeat(150) };

interface Question {
  readonly name: string;
  /** How we must stand to a contender, at least. Others are told. */
  readonly least: Readonly<Record<string, number>>;
  readonly clients: number;
  readonly callers: number;
  ask(connection: Connection, index: number): Promise<unknown>;
}

const get = (one: Connection, index: number) => one.get(`k${index % keys}`);
const set = (one: Connection, index: number) => one.set(`k${index % keys}`, value);

const half = { Redis: 0.5 };
const halfAndAhead = { Redis: 0.5, etcd: 1 };
const questions: readonly Question[] = [
  { name: 'sequential get, one client', least: half, clients: 1, callers: 1, ask: get },
  { name: 'get, one client, 256 callers', least: {}, clients: 1, callers: 256, ask: get },
  { name: 'get, 64 clients, 256 callers', least: {}, clients: 64, callers: 256, ask: get },
  { name: 'sequential durable set, one client', least: {}, clients: 1, callers: 1, ask: set },
  {
    name: 'durable set, one client, 256 callers',
    least: halfAndAhead,
    clients: 1,
    callers: 256,
    ask: set,
  },
  {
    name: 'durable set, 64 clients, 256 callers',
    least: halfAndAhead,
    clients: 64,
    callers: 256,
    ask: set,
  },
];

class Load implements Side {
  readonly name: string;
  readonly #contender: Contender;
  readonly #connections: readonly Connection[];
  readonly #question: Question;
  #requests = 0;
  #clientMicros = 0;
  #serverMicros = 0;

  private constructor(
    contender: Contender,
    connections: readonly Connection[],
    question: Question,
  ) {
    this.name = contender.name;
    this.#contender = contender;
    this.#connections = connections;
    this.#question = question;
  }

  static async open(contender: Contender, question: Question): Promise<Load> {
    const connect = () => contender.connect();
    const connections = await Promise.all(Array.from({ length: question.clients }, connect));
    return new Load(contender, connections, question);
  }

  async run(seconds: number): Promise<number> {
    const { callers, ask } = this.#question;
    const before = await this.#contender.serverCpu();
    const client = process.cpuUsage();
    const until = performance.now() + seconds * 1000;
    let done = 0;
    const call = async (caller: number): Promise<void> => {
      const connection = this.#connections[caller % this.#connections.length]!;
      for (let index = caller; performance.now() < until; index += callers) {
        await ask(connection, index * 7919);
        done += 1;
      }
    };
    await Promise.all(Array.from({ length: callers }, (_, caller) => call(caller)));
    const spent = process.cpuUsage(client);
    this.#requests += done;
    this.#clientMicros += spent.user + spent.system;
    this.#serverMicros += (await this.#contender.serverCpu()) - before;
    return done;
  }

  /** Microseconds of CPU for each request. */
  get perRequest(): { client: number; server: number } {
    const requests = this.#requests;
    return { client: this.#clientMicros / requests, server: this.#serverMicros / requests };
  }

  async close(): Promise<void> {
    for (const connection of this.#connections) await connection.close();
  }
}

const terms = {
  quick: { rounds: 3, seconds: 0.3, warmSeconds: 0.3 },
  full: { rounds: 12, seconds: 0.6, warmSeconds: warmSecondsOfOneCaller },
};

/** A third word narrows it to the questions whose name holds it. */
export async function run(args: readonly string[]): Promise<void> {
  const isQuick = args.includes('quick');
  const word = args.find((arg) => arg !== 'quick');
  const report = new Report('server');
  const contenders = [await holdfast(), await redis()];
  if (arePeersInstalled) contenders.push(await etcd(), await nats());
  else console.log(`etcd and NATS are left out: ${howToInstall}`);
  for (const contender of contenders) await fill(contender);
  for (const question of questions) {
    if (word !== undefined && !question.name.includes(word)) continue;
    const loads: Load[] = [];
    for (const contender of contenders) loads.push(await Load.open(contender, question));
    const effort = isQuick ? terms.quick : terms.full;
    const warmSeconds = warmSecondsFor(question.callers, effort);
    const standings = await compareAll(loads, { ...effort, warmSeconds });
    tell(report, question, standings, loads);
    for (const load of loads) await load.close();
  }
  for (const contender of contenders) await contender.close();
  if (!isQuick && word === undefined) report.write();
}

/** Every key has a value before anything is measured. */
async function fill(contender: Contender): Promise<void> {
  const connection = await contender.connect();
  for (let at = 0; at < keys; at += 500) {
    const indexes = Array.from({ length: 500 }, (_, index) => at + index);
    await Promise.all(indexes.map((index) => set(connection, index)));
  }
  await connection.close();
}

function tell(
  report: Report,
  { name, least }: Question,
  standings: readonly Standing[],
  loads: readonly Load[],
): void {
  const [ours, ...theirs] = standings;
  for (const { name: their, rate, ratio, low, high } of theirs) {
    const [, aim] = Object.entries(least).find(([part]) => their.includes(part)) ?? [];
    report.add({
      question: `${name}: beside ${their}`,
      target: aim === undefined ? 'stated' : `at least ${aim} of it`,
      met: aim === undefined ? undefined : ratio >= aim,
      figures: { ratio, low, high, 'ours/s': ours!.rate, 'theirs/s': rate },
    });
  }
  const micros = loads.map((load) => {
    const { client, server } = load.perRequest;
    return [load.name, `${client.toFixed(1)} + ${server.toFixed(1)}`] as const;
  });
  report.add({
    question: `${name}: CPU for each request in µs, client + server`,
    target: 'stated',
    met: undefined,
    figures: Object.fromEntries(micros),
  });
}
