/**
 * One call of a script, written to the connection as bytes.
 *
 * A call has more than a thousand arguments where many commit at once. The driver would join them
 * into one text piece by piece, and that costs more than to make them.
 */
import type { Command } from 'ioredis';

export type Argument = string | number | Buffer;

/** A command of the driver; the promise is of its answer, bytes left alone. */
export type ScriptCall = Command;

export type ScriptCallClass = new (
  command: string,
  script: string,
  keys: readonly string[],
  args: readonly Argument[],
) => ScriptCall;

/** Texts are written when they are this long together: many small writes and one long text cost. */
const chunkUnits = 2048;
/** What an argument's own length takes at most, and what is around it. */
const frameBytes = 16;

/** The class is made upon the driver's, which is loaded only where a store is in Redis. */
export function scriptCallClass(driver: { readonly Command: typeof Command }): ScriptCallClass {
  return class extends driver.Command {
    constructor(
      command: string,
      script: string,
      keys: readonly string[],
      args: readonly Argument[],
    ) {
      super(command, [script, keys.length, ...keys, ...args], { replyEncoding: null });
    }

    override toWritable(stream: object): string | Buffer {
      return bytesOf(this.name, this.args) ?? super.toWritable(stream);
    }
  };
}

/** Undefined if an argument is no text. */
function bytesOf(name: string, args: readonly unknown[]): Buffer | undefined {
  const lengths: number[] = [];
  let most = name.length + 3 * frameBytes;
  for (const arg of args) {
    if (typeof arg !== 'string') return undefined;
    const length = Buffer.byteLength(arg);
    lengths.push(length);
    most += length + frameBytes;
  }
  const bytes = Buffer.allocUnsafeSlow(most);
  let end = 0;
  let text = `*${args.length + 1}\r\n$${name.length}\r\n${name}\r\n`;
  for (let index = 0; index < args.length; index += 1) {
    text += `$${lengths[index]}\r\n${args[index] as string}\r\n`;
    if (text.length < chunkUnits) continue;
    end += bytes.write(text, end);
    text = '';
  }
  end += bytes.write(text, end);
  return bytes.subarray(0, end);
}
