/**
 * The wire may not change by accident.
 *
 * What every message looks like as bytes is kept in `fixtures/`, by version. A change that breaks a
 * fixture breaks a peer that is out there: it needs a new version of the protocol, and fixtures of
 * its own beside the old ones.
 */
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { StoredValue } from '../../../src/ledger/index.ts';
import {
  decodeAnswer,
  decodeHello,
  decodeRequest,
  decodeWelcome,
  encodeAnswer,
  encodeHello,
  encodeRequest,
  encodeWelcome,
  methods,
  protocolVersions,
  questions,
} from '../../../src/protocol/index.ts';

import type { Answer, Hello, Request, Welcome } from '../../../src/protocol/index.ts';

interface Fixture {
  readonly name: string;
  readonly from: 'caller' | 'server';
  /** The frame, its values behind a line feed. */
  readonly frame: string;
}

const path = join(import.meta.dirname, 'fixtures', 'version-1.json');
const fixtures = JSON.parse(readFileSync(path, 'utf8')) as Fixture[];
const bytesOf = (frame: string): Uint8Array => new TextEncoder().encode(frame);

function read({ name, from, frame }: Fixture): unknown {
  const bytes = bytesOf(frame);
  if (name === 'hello') return decodeHello(bytes);
  if (name === 'welcome') return decodeWelcome(bytes);
  return from === 'caller' ? decodeRequest(bytes) : decodeAnswer(bytes);
}

test('the versions, methods and questions of the wire are these', () => {
  expect(protocolVersions).toEqual([1]);
  const surface = JSON.stringify([methods, questions]);
  expect(hash('sha256', surface, 'base64url').slice(0, 12)).toMatchInlineSnapshot(`"E5mjJ5PSYVOa"`);
});

test.each(fixtures)('version 1: $name of the $from is still understood', (fixture) => {
  const message = read(fixture);
  expect(message).not.toMatchObject({ kind: 'refused' });
  expect(JSON.parse(JSON.stringify(message, plain))).toMatchSnapshot();
});

test.each(fixtures)('version 1: $name of the $from is still written so', (fixture) => {
  expect(new TextDecoder().decode(rewritten(fixture))).toBe(fixture.frame);
});

function rewritten(fixture: Fixture): Uint8Array {
  const message = read(fixture);
  if (fixture.name === 'hello') return encodeHello(message as Hello);
  if (fixture.name === 'welcome') return encodeWelcome(message as Welcome);
  if (fixture.from === 'caller') return encodeRequest(message as Request);
  return encodeAnswer(message as Answer);
}

function plain(_name: string, value: unknown): unknown {
  return value instanceof StoredValue ? value.content : value;
}
