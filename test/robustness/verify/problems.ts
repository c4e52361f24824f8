/** What a verification found wrong, the first few of each image in full. */

const kept = 12;

export class Problems {
  readonly found: string[] = [];
  #more = 0;

  add(problem: string): void {
    if (this.found.length < kept) this.found.push(problem);
    else this.#more += 1;
  }

  get any(): boolean {
    return this.found.length > 0;
  }

  toString(): string {
    const rest = this.#more === 0 ? [] : [`… and ${this.#more} more`];
    return [...this.found, ...rest].map((problem) => `  ${problem}`).join('\n');
  }
}
