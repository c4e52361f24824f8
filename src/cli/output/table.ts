/**
 * Tables for a terminal, written as their rows come: the first rows decide how wide the columns
 * are.
 *
 * A line is never longer than the terminal is wide; what is cut ends in an ellipsis.
 */
import { styleText } from 'node:util';
import stringWidth from 'string-width';

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right' | undefined;
}

/** Rows that are looked at before the first is written. */
const sampleRows = 100;
const gap = '  ';
const widthMin = 8;

// oxlint-disable-next-line no-control-regex -- what must not reach a terminal
const control = /[\u0000-\u001f\u007f-\u009f]/g;

export class Table {
  readonly #columns: readonly Column[];
  readonly #lineWidth: number;
  readonly #write: (text: string) => Promise<void>;
  readonly #sample: string[][] = [];
  #widths: number[] | undefined;

  constructor(
    columns: readonly Column[],
    lineWidth: number,
    write: (text: string) => Promise<void>,
  ) {
    this.#columns = columns;
    this.#lineWidth = lineWidth;
    this.#write = write;
  }

  async row(cells: readonly string[]): Promise<void> {
    const clean = cells.map((cell) => cell.replaceAll(control, '�'));
    if (this.#widths !== undefined) {
      await this.#write(this.#line(clean, this.#widths));
      return;
    }
    this.#sample.push(clean);
    if (this.#sample.length >= sampleRows) await this.flush();
  }

  /** Writes what still waits; `row` may go on afterwards. */
  async flush(): Promise<void> {
    if (this.#sample.length === 0) return;
    this.#widths ??= this.#measure();
    const widths = this.#widths;
    const titles = this.#columns.map(({ title }) => title);
    let text = styleText('bold', this.#line(titles, widths));
    for (const cells of this.#sample) text += this.#line(cells, widths);
    this.#sample.length = 0;
    await this.#write(text);
  }

  #measure(): number[] {
    const widths = this.#columns.map(({ title }, index) =>
      Math.max(stringWidth(title), ...this.#sample.map((cells) => stringWidth(cells[index] ?? ''))),
    );
    let excess = widths.reduce((sum, width) => sum + width + gap.length, -gap.length);
    excess -= this.#lineWidth;
    while (excess > 0) {
      const widest = widths.indexOf(Math.max(...widths));
      const width = widths[widest] ?? 0;
      const others = widths.filter((_, index) => index !== widest);
      const target = Math.max(widthMin, Math.max(0, ...others) - 1, width - excess);
      if (target >= width) break;
      widths[widest] = target;
      excess -= width - target;
    }
    return widths;
  }

  #line(cells: readonly string[], widths: readonly number[]): string {
    const parts = this.#columns.map(({ align }, index) => {
      const width = widths[index] ?? 0;
      const text = fit(cells[index] ?? '', width);
      const blanks = ' '.repeat(Math.max(0, width - stringWidth(text)));
      return align === 'right' ? blanks + text : text + blanks;
    });
    return `${parts.join(gap).trimEnd()}\n`;
  }
}

function fit(text: string, width: number): string {
  if (text.length <= width && stringWidth(text) <= width) return text;
  let fitted = '';
  let used = 0;
  for (const { segment } of graphemes.segment(text)) {
    used += stringWidth(segment);
    if (used > width) break;
    fitted += segment;
  }
  if (fitted === text) return text;
  while (stringWidth(fitted) > width - 1) {
    fitted = [...graphemes.segment(fitted)]
      .slice(0, -1)
      .map(({ segment }) => segment)
      .join('');
  }
  return `${fitted}…`;
}

const graphemes = new Intl.Segmenter();
