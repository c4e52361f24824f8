import { expect, test } from 'vitest';
import { withoutPassword } from './without-password.ts';

test.each([
  ['postgres://app:secret@db:5432/state?schema=x', 'postgres://app@db:5432/state?schema=x'],
  ['redis://:secret@cache:6379/0', 'redis://@cache:6379/0'],
  ['redis+cluster://u:p@a:1,b:2', 'redis+cluster://u@a:1,b:2'],
  ['postgres://app:se@cret:x@db/state', 'postgres://app@db/state'],
  ['postgres://app@db/state', 'postgres://app@db/state'],
  ['https://host:7420/a:b@c', 'https://host:7420/a:b@c'],
  ['file:./a:b@c.db', 'file:./a:b@c.db'],
  ['memory:', 'memory:'],
])('%s is shown as %s', (url, shown) => {
  expect(withoutPassword(url)).toBe(shown);
});
