/**
 * What a command writes: records, as a table on a terminal or as JSON Lines for programs.
 *
 * O1. Results go to standard output, everything else (notes, progress, errors) to standard error.
 * O2. Writing waits for a slow reader, so no result is ever held in memory as a whole.
 * O3. A reader that has gone ends the command quietly (`OutputClosed`).
 */
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { CommandEnd, OutputClosed } from '../failure.ts';
import { exitCodes } from '../exit-codes.ts';
import { Table } from './table.ts';
import type { Column } from './table.ts';

export type OutputMode = 'json' | 'table';

export interface TableColumn<T> extends Column {
  cell(record: T): string;
}

/** How a kind of record is shown. */
export interface RecordShape<T> {
  readonly columns: readonly TableColumn<T>[];
  /** One line of JSON, without its end. */
  json(record: T): string;
}

export interface RecordWriter<T> {
  write(record: T): Promise<void>;
  /** Shows what waits to be laid out. */
  flush(): Promise<void>;
}

/** Small pieces are gathered up to here, so that a million lines are not a million system calls. */
const bufferChars = 64 * 1024;
const pipedWidth = 160;

interface Terminal extends Writable {
  readonly columns?: number | undefined;
}

export class Output {
  readonly mode: OutputMode;
  readonly #stream: Terminal;
  #waiting = '';
  #failure: Error | undefined;

  constructor(stream: Terminal, mode: OutputMode) {
    this.#stream = stream;
    this.mode = mode;
    stream.on('error', (error: NodeJS.ErrnoException) => {
      this.#failure ??= error.code === 'EPIPE' ? new OutputClosed() : outputFailed(error);
    });
  }

  async text(text: string): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    this.#waiting += text;
    if (this.#waiting.length >= bufferChars) await this.flush();
  }

  async bytes(bytes: Uint8Array): Promise<void> {
    await this.flush();
    await this.#send(bytes);
  }

  async flush(): Promise<void> {
    const text = this.#waiting;
    this.#waiting = '';
    if (text !== '') await this.#send(text);
  }

  records<T>(shape: RecordShape<T>): RecordWriter<T> {
    if (this.mode === 'json') {
      return {
        write: (record) => this.text(`${shape.json(record)}\n`),
        flush: () => this.flush(),
      };
    }
    const width = this.#stream.columns ?? pipedWidth;
    const table = new Table(shape.columns, width, (text) => this.text(text));
    return {
      write: (record) => table.row(shape.columns.map((column) => column.cell(record))),
      flush: async () => {
        await table.flush();
        await this.flush();
      },
    };
  }

  async #send(chunk: string | Uint8Array): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#stream.write(chunk)) return;
    try {
      await once(this.#stream, 'drain');
    } catch (error) {
      throw this.#failure ?? outputFailed(error as Error);
    }
  }
}

function outputFailed({ message }: Error): CommandEnd {
  return new CommandEnd('output_failed', exitCodes.failure, `cannot write the output: ${message}`);
}
