/**
 * `npm run bench -- server [--quick]`: gets and durable sets over the network of this machine,
 * beside ioredis on Redis that syncs every write, with the CPU that each request costs.
 */
import { compare } from '../measure.ts';
import type { Side } from '../measure.ts';
import { Report } from '../report.ts';
import { holdfast, redis } from './contenders.ts';
import type { Connection, Contender } from './contenders.ts';

const keys = 10_000;
const value = { name: 'Ada Lovelace', visits: 12, note: 'x'.repeat(150) };

interface Question {
  readonly name: string;
  readonly least: number;
  readonly clients: number;
  readonly callers: number;
  ask(connection: Connection, index: number): Promise<unknown>;
}

const get = (one: Connection, index: number) => one.get(`k${index % keys}`);
const set = (one: Connection, index: number) => one.set(`k${index % keys}`, value);

const questions: readonly Question[] = [
  { name: 'sequential get, one client', least: 0.5, clients: 1, callers: 1, ask: get },
  {
    name: 'pipelined get, one client, 256 callers',
    least: 0.5,
    clients: 1,
    callers: 256,
    ask: get,
  },
  { name: 'get, 64 clients, 256 callers', least: 0.5, clients: 64, callers: 256, ask: get },
  { name: 'sequential durable set, one client', least: 0.5, clients: 1, callers: 1, ask: set },
  { name: 'durable set, one client, 256 callers', least: 0.5, clients: 1, callers: 256, ask: set },
  { name: 'durable set, 64 clients, 256 callers', least: 0.5, clients: 64, callers: 256, ask: set },
];

class Load implements Side {
  readonly #contender: Contender;
  readonly #connections: readonly Connection[];
  readonly #question: Question;
  requests = 0;
  clientMicros = 0;
  serverMicros = 0;

  constructor(contender: Contender, connections: readonly Connection[], question: Question) {
    this.#contender = contender;
    this.#connections = connections;
    this.#question = question;
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
    this.requests += done;
    this.clientMicros += spent.user + spent.system;
    this.serverMicros += (await this.#contender.serverCpu()) - before;
    return done;
  }

  get perRequest(): { client: number; server: number } {
    const { requests, clientMicros, serverMicros } = this;
    return { client: clientMicros / requests, server: serverMicros / requests };
  }
}

export async function run(args: readonly string[]): Promise<void> {
  const isQuick = args.includes('--quick');
  const terms = isQuick ? { pairs: 3, seconds: 0.3 } : { pairs: 20, seconds: 0.7 };
  const report = new Report('server');
  const sides = [await holdfast(), await redis()];
  for (const question of questions) {
    const loads: Load[] = [];
    const open: Connection[] = [];
    for (const side of sides) {
      const connections = await Promise.all(
        Array.from({ length: question.clients }, () => side.connect()),
      );
      open.push(...connections);
      loads.push(new Load(side, connections, question));
    }
    const result = await compare(loads[0]!, loads[1]!, terms);
    report.addPair(question.name, question.least, result);
    const [ours, theirs] = loads.map(({ perRequest }) => perRequest);
    report.add({
      question: `${question.name}: CPU for each request, in µs`,
      target: 'stated',
      met: undefined,
      figures: {
        'our client': ours!.client,
        'our server': ours!.server,
        ioredis: theirs!.client,
        Redis: theirs!.server,
      },
    });
    for (const connection of open) await connection.close();
  }
  for (const side of sides) await side.close();
  if (!isQuick) report.write();
}
