/**
 * One line for who waits, a page for the reader and a JSON file for the record: figures, machine,
 * versions, command.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { arch, cpus, platform, release, totalmem } from 'node:os';
import { DatabaseSync } from 'node:sqlite';
import type { PairedResult } from './measure.ts';

export interface Finding {
  readonly question: string;
  /** What it should be, as the reader should judge it. */
  readonly target: string;
  readonly met: boolean | undefined;
  readonly figures: Readonly<Record<string, number | string>>;
}

export class Report {
  readonly #name: string;
  readonly #findings: Finding[] = [];

  constructor(name: string) {
    this.#name = name;
  }

  add(finding: Finding): void {
    this.#findings.push(finding);
    const mark = finding.met === undefined ? ' ' : finding.met ? '✓' : '✗';
    console.log(
      `${mark} ${finding.question}  [${finding.target}]\n    ${figuresOf(finding).join(', ')}`,
    );
  }

  addPair(question: string, least: number, result: PairedResult): void {
    const { ours, limit, ratio, low, high, pairs } = result;
    this.add({
      question,
      target: `at least ${shown(least)} of the limit`,
      met: ratio >= least,
      figures: { ratio, low, high, 'ours/s': ours, 'limit/s': limit, pairs },
    });
  }

  write(): void {
    const folder = new URL('./results/', import.meta.url);
    mkdirSync(folder, { recursive: true });
    const record = {
      benchmark: this.#name,
      command: `npm run bench -- ${this.#name}`,
      machine: machine(),
      findings: this.#findings,
    };
    const file = new URL(`${this.#name}.json`, folder);
    writeFileSync(file, `${JSON.stringify(record, undefined, 2)}\n`);
    writeFileSync(new URL(`${this.#name}.md`, folder), pageOf(record));
    console.log(`\nwritten to benchmarks/results/${this.#name}.json and .md`);
  }
}

interface Recorded {
  readonly benchmark: string;
  readonly command: string;
  readonly machine: Readonly<Record<string, string | number>>;
  readonly findings: readonly Finding[];
}

function pageOf({ benchmark, command, machine: on, findings }: Recorded): string {
  const { processor, cores, memoryGiB, system, node, sqlite } = on;
  const rows = findings.map((finding) => {
    const verdict = finding.met === undefined ? '' : finding.met ? 'met' : '**missed**';
    const cells = [finding.question, finding.target, verdict, figuresOf(finding).join('<br>')];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  });
  return `# ${benchmark}

\`${command}\` on ${cores} cores (${processor}), ${memoryGiB} GiB, ${system}, Node ${node}, SQLite ${sqlite}.

| Question | Aim | | Figures |
|---|---|---|---|
${rows.join('\n')}
`;
}

function figuresOf({ figures }: Finding): string[] {
  return Object.entries(figures).map(([name, figure]) => `${name} ${shown(figure)}`);
}

function machine(): Record<string, string | number> {
  const memory = new DatabaseSync(':memory:');
  const version = memory.prepare('SELECT sqlite_version() AS version').get();
  memory.close();
  return {
    processor: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()} ${arch()}`,
    node: process.version,
    sqlite: String(version?.['version']),
  };
}

function shown(figure: number | string): string {
  if (typeof figure === 'string') return figure;
  if (Number.isInteger(figure)) return figure.toLocaleString('en');
  return figure >= 100 ? Math.round(figure).toLocaleString('en') : figure.toFixed(3);
}
