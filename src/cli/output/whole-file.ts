/**
 * A file that a command writes whole or not at all: until it is complete and on disk, what was
 * there under its name stays. A pipe or a device is written to as it is.
 */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import type { WriteStream } from 'node:fs';
import { realpath, rename, rm, stat } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import { CommandEnd } from '../failure.ts';
import { exitCodes } from '../exit-codes.ts';

export class WholeFile {
  readonly stream: WriteStream;
  readonly #target: string;
  /** Undefined where the target itself is written to. */
  readonly #partial: string | undefined;

  private constructor(stream: WriteStream, target: string, partial: string | undefined) {
    this.stream = stream;
    this.#target = target;
    this.#partial = partial;
  }

  /** Ends the command where nothing can be written. */
  static async create(path: string): Promise<WholeFile> {
    try {
      const there = await stat(path).catch(() => undefined);
      if (there !== undefined && !there.isFile()) {
        return new WholeFile(await opened(createWriteStream(path)), path, undefined);
      }
      const target = there === undefined ? path : await realpath(path);
      const partial = `${target}.partial`;
      const stream = createWriteStream(partial, { mode: there?.mode ?? 0o666, flush: true });
      return new WholeFile(await opened(stream), target, partial);
    } catch (error) {
      throw unwritable(path, error);
    }
  }

  /** `verify` is given the path of what was written, before it takes its name. */
  async complete(verify?: (path: string) => Promise<void>): Promise<void> {
    try {
      this.stream.end();
      await finished(this.stream);
      if (this.#partial !== undefined) await verify?.(this.#partial);
      if (this.#partial !== undefined) await rename(this.#partial, this.#target);
    } catch (error) {
      throw error instanceof CommandEnd ? error : unwritable(this.#target, error);
    }
  }

  /** Takes away what was written. */
  async abandon(): Promise<void> {
    this.stream.destroy();
    if (this.#partial !== undefined) await rm(this.#partial, { force: true });
  }
}

async function opened(stream: WriteStream): Promise<WriteStream> {
  await once(stream, 'open');
  return stream;
}

function unwritable(path: string, error: unknown): CommandEnd {
  const reason = error instanceof Error ? error.message : String(error);
  return new CommandEnd('file_unwritable', exitCodes.failure, `cannot write ${path}: ${reason}`);
}
