/** How many events may be parked at once in this process, and who waits for one of them to go. */
export class Room {
  readonly #limit: number;
  #used = 0;
  #waiting: (() => void)[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  get used(): number {
    return this.#used;
  }

  get isFull(): boolean {
    return this.#used >= this.#limit;
  }

  take(): void {
    this.#used += 1;
  }

  give(count = 1): void {
    this.#used -= count;
    if (!this.isFull) this.wake();
  }

  /** Resolves when something changed; look again. */
  changed(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
