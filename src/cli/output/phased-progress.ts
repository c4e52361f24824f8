/** Long work in phases: a bar for each, one after the other. */
import type { Progress } from './progress.ts';

export class PhasedProgress {
  readonly #start: (label: string, total: number | undefined) => Progress;
  #label = '';
  #done = 0;
  #progress: Progress | undefined;

  constructor(start: (label: string, total: number | undefined) => Progress) {
    this.#start = start;
  }

  /** Another label than before is the next phase: the last one is all done. */
  update(label: string, done: number, total: number | undefined): void {
    if (label !== this.#label) {
      this.finish();
      this.#label = label;
      this.#progress = this.#start(label, total);
    }
    this.#done = done;
    this.#progress?.update(done);
  }

  /** All of it is done. */
  finish(): void {
    this.#progress?.finish(this.#done);
    this.end();
  }

  /** Takes the bar away. */
  end(): void {
    this.#progress?.end();
    this.#progress = undefined;
  }
}
