import { Command } from 'ioredis';
import { expect, test } from 'vitest';
import { scriptCallClass } from './script-call.ts';
import type { Argument } from './script-call.ts';

const ScriptCall = scriptCallClass({ Command });

/** As the driver itself would write it. */
function expected(args: readonly Argument[]): Buffer {
  const command = new Command('EVALSHA', ['hash', 2, 'a', 'b', ...args]);
  return Buffer.from(command.toWritable({}));
}

const cases: Readonly<Record<string, readonly Argument[]>> = {
  'no arguments': [],
  'empty texts and numbers': ['', 7, '', -1.5],
  'texts that are longer in bytes': ['é', '漢字', '😀'.repeat(3), 'x\r\n$3\r\n'],
  'many short texts': Array.from({ length: 5000 }, (_, index) => `k${index}ß`),
  'a long text among short ones': ['a', 'ü'.repeat(100_000), 'b'],
  bytes: ['a', Buffer.from([0, 255, 13, 10]), 'ö'],
};

test.each(Object.entries(cases))('a call with %s is what the driver would send', (_, args) => {
  const call = new ScriptCall('EVALSHA', 'hash', ['a', 'b'], args);
  const first = Buffer.from(call.toWritable({}));
  expect(first.equals(expected(args))).toBe(true);
  // A cluster that redirects has it written again.
  expect(Buffer.from(call.toWritable({})).equals(first)).toBe(true);
});
