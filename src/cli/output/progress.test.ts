/** The bar as a terminal is sent it. */
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { ManualClock } from '../../testing/index.ts';
import { startProgress } from './progress.ts';

const showCursor = '\u001b[?25h';
const hideCursor = '\u001b[?25l';

function terminal() {
  const stream = new PassThrough();
  const shown: string[] = [];
  stream.on('data', (chunk: Buffer) => shown.push(chunk.toString()));
  return { stream: Object.assign(stream, { isTTY: true }), text: () => shown.join('') };
}

function bar(total: number | undefined) {
  const { stream, text } = terminal();
  const terms = { label: 'importing', unit: 'entries', clock: new ManualClock() } as const;
  const terminalStream = stream as unknown as NodeJS.WriteStream;
  const progress = startProgress({ ...terms, total, stream: terminalStream, quiet: false });
  return { progress, text };
}

test('a bar ends at 100 % of what there was, whatever was expected', async () => {
  const { progress, text } = bar(1000);
  progress.update(400);
  progress.finish(990);
  progress.end();
  await expect.poll(text).toContain(showCursor);
  const last = text().slice(text().lastIndexOf('importing'));
  expect(last).toContain('100%');
  expect(last).toContain('990 of 990');
  expect(last).not.toContain('left');
});

test('one that is stopped halfway does not say that all is done', async () => {
  const { progress, text } = bar(1000);
  progress.update(400);
  progress.end();
  await expect.poll(text).toContain(showCursor);
  expect(text()).toContain(hideCursor);
  expect(text()).not.toContain('100%');
  expect(text()).toContain(' 40%');
});

test('without a total there is a count and no share', async () => {
  const { progress, text } = bar(undefined);
  progress.update(7, 'seven');
  progress.end();
  await expect.poll(text).toContain('importing  7');
  expect(text()).not.toContain('%  ');
});

test('a process that ends at once gives the terminal its cursor back, once', () => {
  const before = process.listenerCount('exit');
  const { progress } = bar(10);
  expect(process.listenerCount('exit')).toBe(before + 1);
  progress.end();
  expect(process.listenerCount('exit')).toBe(before);
});
