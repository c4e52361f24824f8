/** So many at once, in the order of asking; closed while the trigger is paused. */
export class Gate {
  readonly #permits: number;
  #inside = 0;
  #isOpen = true;
  #waiting: (() => void)[] = [];

  constructor(permits: number) {
    this.#permits = permits;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Whether one got in at once. */
  tryEnter(): boolean {
    if (!this.#isOpen || this.#inside >= this.#permits) return false;
    this.#inside += 1;
    return true;
  }

  enter(): Promise<void> | undefined {
    if (this.tryEnter()) return undefined;
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  leave(): void {
    this.#inside -= 1;
    this.#admit();
  }

  open(): void {
    this.#isOpen = true;
    this.#admit();
  }

  close(): void {
    this.#isOpen = false;
  }

  #admit(): void {
    while (this.#isOpen && this.#inside < this.#permits) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#inside += 1;
      next();
    }
  }
}
