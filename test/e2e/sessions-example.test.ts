/** The example of sessions shows what it says. */
import { expect, test } from 'vitest';
import { ended, start } from './command.ts';

test('a worker is killed in mid-sentence and the user notices nothing', async () => {
  const { code, out, error } = await ended(start('examples/sessions/main.ts', []));
  expect({ code, error }).toEqual({ code: 0, error: '' });
  expect(out).toMatch(/\[kill -9 of (Mila|Noor)\]/);
  expect(out).toMatch(/\[version 3, by (Mila|Noor), who began anew: attempt 2\]/);
  expect(out).toContain('10 messages are stored, 10 were on the screen: the same, each once.');
  const said = out.replaceAll(/\n {7}\[kill[^\n]*\n {7}/g, '');
  expect(said).toContain('I have noted it, it adds $35. Your seat is 12C, your flight leaves');
});
