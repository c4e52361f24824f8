/**
 * The same by hand: whatever waits when the last answer is there goes out as one script that checks
 * each commit's version, writes the entry, its place in the order and a log. No expiry, operations,
 * counts or idempotency, and each commit is refused or applied by itself.
 */
import { createHash } from 'node:crypto';
import { Redis } from 'ioredis';

const script = `
local revision = tonumber(redis.call('HGET', KEYS[1], 'revision') or 0)
local answers = {}
for at = 1, #ARGV, 3 do
  local key, version, value = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  local known = redis.call('HGET', KEYS[2], key)
  if version == '' or (known and string.match(known, '^%d+') or '0') == version then
    revision = revision + 1
    redis.call('HSET', KEYS[2], key, revision .. '\\n' .. value)
    redis.call('ZADD', KEYS[3], 0, key)
    redis.call('XADD', KEYS[4], revision .. '-0', 'k', key, 'v', value)
    answers[#answers + 1] = revision
  else
    answers[#answers + 1] = 0
  end
end
redis.call('HSET', KEYS[1], 'revision', revision)
return answers
`;
const hash = createHash('sha1').update(script).digest('hex');
const keys = ['{bare}head', '{bare}data', '{bare}index', '{bare}log'];
const batchMax = 256;

interface Waiting {
  readonly args: readonly string[];
  resolve(revision: number): void;
  reject(error: unknown): void;
}

export class Bare implements AsyncDisposable {
  readonly #client: Redis;
  readonly #waiting: Waiting[] = [];
  #isRunning = false;

  private constructor(client: Redis) {
    this.#client = client;
  }

  static async open(port: number): Promise<Bare> {
    const client = new Redis(port);
    await client.script('LOAD', script);
    return new Bare(client);
  }

  commit(key: string, value: unknown): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ args: [key, '', JSON.stringify(value)], resolve, reject });
      if (!this.#isRunning) void this.#run();
    });
  }

  async get(key: string): Promise<unknown> {
    const stored = await this.#client.hget('{bare}data', key);
    return stored === null ? undefined : JSON.parse(stored.slice(stored.indexOf('\n') + 1));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.quit();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, batchMax);
      const args = batch.flatMap((one) => one.args);
      try {
        const answers = (await this.#client.evalsha(
          hash,
          keys.length,
          ...keys,
          ...args,
        )) as number[];
        for (const [index, one] of batch.entries()) one.resolve(answers[index] ?? 0);
      } catch (error) {
        for (const one of batch) one.reject(error);
      }
      // Whoever was answered just now may ask again.
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    this.#isRunning = false;
  }
}
