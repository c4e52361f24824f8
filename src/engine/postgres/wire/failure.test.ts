import { expect, test } from 'vitest';
import { explain, LostConnection } from './failure.ts';

function said(code: string, severity: string): Error {
  return Object.assign(new Error('what the server said'), { code, severity });
}

const cases = [
  ['25P03', 'FATAL', 'unavailable'],
  ['57P01', 'FATAL', 'unavailable'],
  ['53300', 'FATAL', 'unavailable'],
  ['53100', 'ERROR', 'disk_full'],
  ['42601', 'ERROR', 'internal'],
] as const;

test.each(cases)('%s is, as %s, %s', (state, severity, code) => {
  const error = said(state, severity);
  expect(explain(error, 'here')).toMatchObject({ code, details: { place: 'here', state } });
  expect(explain(new LostConnection(error), 'here').code).toBe(code);
});
