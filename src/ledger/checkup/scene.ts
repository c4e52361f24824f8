/** What the parts of an examination share: whose state it is, and where findings go. */
import type { Engine } from '../../engine/index.ts';
import type { CheckupOptions, Finding, FindingRule } from './finding.ts';

/** Of one rule, only so many are told; more would say nothing new. */
const toldPerRule = 10;

export class Scene {
  readonly engine: Engine;
  readonly app: string;
  readonly #options: CheckupOptions;
  readonly #findings: Finding[] = [];
  readonly #counts = new Map<FindingRule, number>();
  /** How many looks there will be. */
  total = 0;
  #done = 0;
  #toldAt = 0;

  constructor(engine: Engine, app: string, options: CheckupOptions) {
    this.engine = engine;
    this.app = app;
    this.#options = options;
  }

  problem(rule: FindingRule, message: string, details: Finding['details'] = {}): void {
    this.#add({ severity: 'problem', rule, app: this.app, message, details });
  }

  notice(rule: FindingRule, message: string, details: Finding['details'] = {}): void {
    this.#add({ severity: 'notice', rule, app: this.app, message, details });
  }

  checkSignal(): void {
    this.#options.signal?.throwIfAborted();
  }

  /** Between two pages. */
  async pause(): Promise<void> {
    this.checkSignal();
    await this.#options.pause?.();
  }

  advance(looks: number): void {
    this.#done += looks;
    if (this.#done - this.#toldAt < 256) return;
    this.#toldAt = this.#done;
    this.#options.onProgress?.(Math.min(this.#done, this.total), this.total);
  }

  findings(): Finding[] {
    const found = [...this.#findings];
    for (const [rule, count] of this.#counts) {
      if (count <= toldPerRule) continue;
      const message = `${count - toldPerRule} more findings of the rule ${rule}`;
      found.push({ severity: 'problem', rule, app: this.app, message, details: { count } });
    }
    return found;
  }

  #add(finding: Finding): void {
    const count = (this.#counts.get(finding.rule) ?? 0) + 1;
    this.#counts.set(finding.rule, count);
    if (count <= toldPerRule) this.#findings.push(finding);
  }
}
