/**
 * Pages handed out item by item: what an async generator over them would be, at half the cost of
 * each step, because an item that is at hand needs no further turn of the event loop's queue.
 *
 * I1. Calls of `next` are answered in their order, however many wait at once.
 * I2. An error ends the stream; so does `return`, which lets go of the pages too. Items before the
 *     one that fails are handed out first.
 * I3. Items are taken some at a time, so that many streams at once do not push each other's items
 *     out of the processor's caches between one item and the next.
 */

/** In place of an item that is not handed out. */
export const leftOut = Symbol('left out');

export type Taken<T> = T | typeof leftOut;
type Result<T> = IteratorResult<T, void>;

/** How many items are taken before the first of them is asked for. */
const aheadMax = 128;

const over = { done: true, value: undefined } as const;

export class ItemStream<I, T> implements AsyncGenerator<T, void, undefined> {
  readonly #pages: AsyncGenerator<readonly I[], void, undefined>;
  readonly #take: (item: I) => Taken<T> | Promise<Taken<T>>;
  #page: readonly I[] = [];
  #next = 0;
  /** Taken items, the next one last. */
  #ahead: (Taken<T> | Promise<Taken<T>>)[] = [];
  /** What `take` has promised, while it has not come. */
  #taken: Promise<Taken<T>> | undefined;
  #isOver = false;
  /** The last call that has to wait. */
  #waiting: Promise<unknown> | undefined;

  constructor(
    pages: AsyncGenerator<readonly I[], void, undefined>,
    take: (item: I) => Taken<T> | Promise<Taken<T>>,
  ) {
    this.#pages = pages;
    this.#take = take;
  }

  next(): Promise<Result<T>> {
    if (this.#waiting !== undefined) return this.#inTurn(() => this.#step());
    let atHand: Result<T> | undefined;
    try {
      atHand = this.#atHand();
    } catch (error) {
      return this.#inTurn(() => this.#fail(error));
    }
    return atHand === undefined ? this.#inTurn(() => this.#step()) : Promise.resolve(atHand);
  }

  return(): Promise<Result<T>> {
    return this.#inTurn(() => this.#end());
  }

  throw(error: unknown): Promise<Result<T>> {
    return this.#inTurn(() => this.#fail(error));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Undefined if there is something to wait for. */
  #atHand(): Result<T> | undefined {
    if (this.#isOver) return over;
    while (this.#ahead.length > 0 || this.#takeSome()) {
      const taken = this.#ahead.pop() as Taken<T> | Promise<Taken<T>>;
      if (taken instanceof Promise) {
        this.#taken = taken;
        return undefined;
      }
      if (taken !== leftOut) return { done: false, value: taken };
    }
    return undefined;
  }

  /** Stops before an item that fails, which is taken again when its turn comes. */
  #takeSome(): boolean {
    const end = Math.min(this.#next + aheadMax, this.#page.length);
    while (this.#next < end) {
      let taken: Taken<T> | Promise<Taken<T>>;
      try {
        taken = this.#take(this.#page[this.#next] as I);
      } catch (error) {
        if (this.#ahead.length === 0) throw error;
        break;
      }
      this.#next += 1;
      this.#ahead.push(taken);
      if (taken instanceof Promise) {
        // It may fail before anybody asks for it.
        taken.catch(() => undefined);
        break;
      }
    }
    void this.#ahead.reverse();
    return this.#ahead.length > 0;
  }

  async #step(): Promise<Result<T>> {
    try {
      while (!this.#isOver) {
        const taken = this.#taken;
        if (taken !== undefined) {
          this.#taken = undefined;
          const value = await taken;
          if (value !== leftOut) return { done: false, value };
        } else {
          const atHand = this.#atHand();
          if (atHand !== undefined) return atHand;
          if (this.#taken === undefined) await this.#turnPage();
        }
      }
      return over;
    } catch (error) {
      return this.#fail(error);
    }
  }

  async #turnPage(): Promise<void> {
    const page = await this.#pages.next();
    if (page.done === true) this.#isOver = true;
    else this.#page = page.value;
    this.#next = 0;
  }

  async #fail(error: unknown): Promise<Result<T>> {
    await this.#end();
    throw error;
  }

  async #end(): Promise<Result<T>> {
    this.#isOver = true;
    this.#page = [];
    this.#ahead = [];
    await this.#pages.return();
    return over;
  }

  #inTurn(act: () => Promise<Result<T>>): Promise<Result<T>> {
    const turn = this.#waiting === undefined ? act() : this.#waiting.then(act, act);
    this.#waiting = turn;
    const done = (): void => {
      if (this.#waiting === turn) this.#waiting = undefined;
    };
    turn.then(done, done);
    return turn;
  }
}
