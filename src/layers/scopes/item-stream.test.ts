import { describe, expect, test } from 'vitest';
import { ItemStream, leftOut } from './item-stream.ts';

async function* pagesOf(...pages: (readonly number[])[]) {
  yield* pages;
}

function double(n: number): number {
  return n * 2;
}

/** As an asynchronous schema would, and with 3 left out. */
async function slowly(n: number): Promise<number | typeof leftOut> {
  await Promise.resolve();
  return n === 3 ? leftOut : n * 2;
}

async function collect<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of stream) found.push(item);
  return found;
}

describe('ItemStream', () => {
  test('hands out the items of all pages, empty ones among them', async () => {
    expect(await collect(new ItemStream(pagesOf([1, 2], [], [3]), double))).toEqual([2, 4, 6]);
    expect(await collect(new ItemStream(pagesOf(), double))).toEqual([]);
    expect(await collect(new ItemStream(pagesOf([1, 3], [3], [4]), slowly))).toEqual([2, 8]);
  });

  test.each([
    ['at once', double],
    ['later', slowly],
  ])('calls that wait together are answered in their order: %s', async (_, take) => {
    const stream = new ItemStream(pagesOf([1, 2], [4]), take);
    const results = await Promise.all(Array.from({ length: 5 }, () => stream.next()));
    expect(results.map(({ value }) => value)).toEqual([2, 4, 8, undefined, undefined]);
    expect(results.map(({ done }) => done)).toEqual([false, false, false, true, true]);
  });

  test('whoever breaks off lets go of the pages', async () => {
    let closed = false;
    async function* pages() {
      try {
        yield [1, 2, 3];
        yield [4];
      } finally {
        closed = true;
      }
    }
    const stream = new ItemStream(pages(), double);
    for await (const item of stream) if (item === 4) break;
    expect(closed).toBe(true);
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  test('an item that throws ends it, now or later', async () => {
    const broken = new Error('broken');
    for (const take of [
      (n: number) => {
        if (n === 2) throw broken;
        return n;
      },
      async (n: number) => {
        if (n === 2) throw broken;
        return n;
      },
    ]) {
      const stream = new ItemStream<number, number>(pagesOf([1, 2, 3]), take);
      expect(await stream.next()).toEqual({ done: false, value: 1 });
      const [failed, after] = await Promise.allSettled([stream.next(), stream.next()]);
      expect(failed).toMatchObject({ status: 'rejected', reason: broken });
      expect(after).toMatchObject({ status: 'fulfilled', value: { done: true } });
    }
  });

  test('a page that throws ends it', async () => {
    async function* pages() {
      yield [1];
      throw new Error('no more');
    }
    const stream = new ItemStream(pages(), double);
    await stream.next();
    await expect(stream.next()).rejects.toThrow('no more');
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  test('throw and dispose end it', async () => {
    const stream = new ItemStream(pagesOf([1, 2]), double);
    await expect(stream.throw(new Error('enough'))).rejects.toThrow('enough');
    expect(await stream.next()).toMatchObject({ done: true });
    const other = new ItemStream(pagesOf([1, 2]), double);
    await other[Symbol.asyncDispose]();
    expect(await other.next()).toMatchObject({ done: true });
  });
});
