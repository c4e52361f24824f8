import { describe, expect, test } from 'vitest';
import { open } from '../../../index.ts';
import { bytesPayload, linkPair, liveKitLink, SessionHost, wholeBytes } from '../index.ts';
import { growingCodec } from '../../../testing/session-contract/stage.ts';
import {
  agentSessionState,
  chatMessage,
  textMessageErrorCodes,
  textMessageRequest,
  textMessageResponse,
} from './text-messages.ts';
import type { TextMessageRequest } from './text-messages.ts';
import type { Link } from '../index.ts';

/** Protobuf by hand, from the rules of its encoding alone. */
function varint(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest > 0n ? low | 0x80 : low);
  } while (rest > 0n);
  return bytes;
}

const number = (field: number, value: bigint) => [...varint(BigInt(field << 3)), ...varint(value)];
function block(field: number, content: string | readonly number[]): number[] {
  const bytes = typeof content === 'string' ? [...new TextEncoder().encode(content)] : content;
  return [...varint(BigInt((field << 3) | 2)), ...varint(BigInt(bytes.length)), ...bytes];
}

const bytes = (...values: number[]) => Uint8Array.of(...values);

describe('the messages, byte for byte', () => {
  test.each([
    ['no state', { version: 0n }, []],
    ['version alone', { version: 300n }, [0x08, 0xac, 0x02]],
    ['the largest version', { version: 2n ** 64n - 1n }, number(1, 2n ** 64n - 1n)],
    ['a version beyond 2^53', { version: 2n ** 53n + 1n }, number(1, 2n ** 53n + 1n)],
    ['a snapshot', { version: 1n, snapshot: bytes(7, 8) }, [0x08, 0x01, 0x12, 0x02, 7, 8]],
    ['an empty snapshot', { version: 1n, snapshot: bytes() }, [0x08, 0x01, 0x12, 0x00]],
    ['a delta', { version: 2n, delta: bytes(9) }, [0x08, 0x02, 0x1a, 0x01, 9]],
    ['an empty delta', { version: 2n, delta: bytes() }, [0x08, 0x02, 0x1a, 0x00]],
  ])('AgentSessionState with %s', (_, message, expected) => {
    expect([...agentSessionState.encode(message)]).toEqual(expected);
    expect(agentSessionState.decode(Uint8Array.from(expected))).toEqual({
      snapshot: undefined,
      delta: undefined,
      ...message,
    });
  });

  test('TextMessageRequest', () => {
    const request = {
      text: 'Grüße 👋',
      messageId: 'm1',
      sessionId: 's1',
      agentName: '',
      metadata: '{}',
      sessionState: { version: 7n, delta: bytes(1, 2, 3), snapshot: undefined },
    };
    const state = [...number(1, 7n), ...block(3, [1, 2, 3])];
    const parts = [block(1, 'Grüße 👋'), block(2, 'm1'), block(3, 's1'), block(5, '{}')];
    const expected = [...parts.flat(), ...block(6, state)];
    expect([...textMessageRequest.encode(request)]).toEqual(expected);
    expect(textMessageRequest.decode(Uint8Array.from(expected))).toEqual(request);
    // `optional`: there, though all its fields have no value.
    const fresh = textMessageRequest.encode({ ...request, sessionState: { version: 0n } });
    expect([...fresh]).toEqual([...parts.flat(), 0x32, 0x00]);
    expect(textMessageRequest.decode(fresh).sessionState?.version).toBe(0n);
    expect(textMessageRequest.decode(Uint8Array.from(parts.flat())).sessionState).toBe(undefined);
  });

  test('TextMessageResponse, with each event and each end', () => {
    const head = [...block(1, 'm'), ...block(2, 's')];
    const say = [...block(1, 'id'), ...number(2, 3n), ...block(3, block(1, 'hi'))];
    for (const [field, name] of [
      [3, 'message'],
      [4, 'functionCall'],
      [5, 'functionCallOutput'],
      [6, 'agentHandoff'],
    ] as const) {
      const expected = [...head, ...block(field, say)];
      const response = textMessageResponse.decode(Uint8Array.from(expected));
      expect([...(response[name] ?? [])]).toEqual(say);
      expect([...textMessageResponse.encode(response)]).toEqual(expected);
    }
    expect(chatMessage.decode(Uint8Array.from(say))).toEqual({
      id: 'id',
      role: 3,
      content: [{ text: 'hi' }],
      interrupted: false,
    });
    const done = { sessionState: { version: 2n, snapshot: bytes(1) } };
    const doneBytes = block(7, block(1, [...number(1, 2n), ...block(2, [1])]));
    const ids = { messageId: 'm', sessionId: 's' };
    expect([...textMessageResponse.encode({ ...ids, complete: done })]).toEqual([
      ...head,
      ...doneBytes,
    ]);
    for (const [name, code] of Object.entries(textMessageErrorCodes)) {
      const fields = [...block(1, name), ...(code === 0 ? [] : number(2, BigInt(code)))];
      const expected = [...head, ...block(7, block(2, fields))];
      const complete = { error: { message: name, code } };
      expect([...textMessageResponse.encode({ ...ids, complete })]).toEqual(expected);
      expect(textMessageResponse.decode(Uint8Array.from(expected)).complete?.error).toEqual(
        complete.error,
      );
    }
  });

  test('unknown fields are passed over, broken bytes refused', () => {
    const known = [...block(2, 'm1')];
    const unknown = [...number(90, 5n), ...block(91, 'x'), 0x95, 0x06, 1, 2, 3, 4];
    const request = textMessageRequest.decode(Uint8Array.from([...unknown, ...known, ...unknown]));
    expect(request.messageId).toBe('m1');
    for (const broken of [[0x0a, 5, 65], [0x08], [0x32, 0x02, 0x08, 0x80], [0x0a, 1, 0xff]]) {
      expect(() => textMessageRequest.decode(Uint8Array.from(broken))).toThrow(
        expect.objectContaining({ code: 'protocol' }),
      );
    }
  });
});

/** A worker of theirs: appends the text to its bytes, as a growing payload does. */
function liveKitWorker() {
  const payload = bytesPayload(growingCodec, wholeBytes);
  const [ours, theirs] = linkPair();
  const asked: TextMessageRequest[] = [];
  let held = { version: 0n, state: payload.empty() };
  theirs.listen({
    closed: () => undefined,
    frame(frame) {
      const request = textMessageRequest.decode(frame);
      const { messageId, sessionId, sessionState, text } = request;
      asked.push(request);
      const ids = { messageId, sessionId };
      const fail = (message: string, code: number) => {
        theirs.send(textMessageResponse.encode({ ...ids, complete: { error: { message, code } } }));
      };
      if (sessionState === undefined) held = { version: 0n, state: payload.empty() };
      else if (sessionState.snapshot !== undefined) {
        held = { version: sessionState.version, state: payload.load(sessionState.snapshot) };
      } else if (sessionState.version !== held.version) return fail('what state?', 1);
      if (text === 'fail') return fail('no', 2);
      const draft = payload.draft(held.state);
      draft.bytes = Uint8Array.of(...draft.bytes, ...new TextEncoder().encode(text));
      const { state, delta } = payload.finish(held.state, draft);
      held = { version: held.version + 1n, state };
      const say = chatMessage.encode({
        id: 'x',
        role: 3,
        content: [{ text: `re: ${text}` }],
        interrupted: false,
      });
      theirs.send(textMessageResponse.encode({ ...ids, message: say }));
      const sessionStateAfter = { version: held.version, delta };
      const complete = { sessionState: sessionStateAfter };
      theirs.send(textMessageResponse.encode({ ...ids, complete }));
    },
  });
  const agents = [{ name: 'agent', payload: growingCodec.name }];
  const link = liveKitLink(ours, { worker: 'livekit', agents, capacity: 4 });
  return { link, asked, forget: () => (held = { version: 99n, state: payload.empty() }) };
}

test('a worker that speaks LiveKit serves a session', async () => {
  await using store = await open('memory:');
  await using host = new SessionHost(store.app('a'), { codecs: [growingCodec] });
  const { link, asked, forget } = liveKitWorker();
  host.attach(link);
  const turn = (id: string, input: string, base?: number) => {
    return host.turn({
      session: 's',
      id,
      agent: 'agent',
      input,
      ...(base === undefined ? {} : { base }),
    });
  };
  expect(await turn('1', 'a')).toMatchObject({
    version: 1,
    events: [{ kind: 'message', data: { content: [{ text: 're: a' }] } }],
  });
  expect(await turn('2', 'b')).toMatchObject({ version: 2, attempts: 1 });
  await expect(turn('3', 'fail')).rejects.toMatchObject({ code: 'turn_failed', message: 'no' });
  forget();
  expect(await turn('4', 'c')).toMatchObject({ version: 3 });
  expect(await turn('5', 'd', 2)).toMatchObject({ version: 4 });
  expect(await turn('6', 'e')).toMatchObject({ version: 5 });
  const last = asked.at(-1)?.sessionState?.snapshot;
  expect(new TextDecoder().decode(last)).toBe('abd');
  expect(asked.map(({ sessionState }) => sessionState?.version)).toContain(4n);
});

/** A link whose other end is driven by hand, and the requests that arrive there. */
async function scripted(answer: (request: TextMessageRequest, theirs: Link) => void) {
  const store = await open('memory:');
  const host = new SessionHost(store.app('a'), {
    codecs: [growingCodec],
    workerWaitMs: 50,
    attempts: 2,
  });
  const [ours, theirs] = linkPair();
  const asked: TextMessageRequest[] = [];
  theirs.listen({
    closed: () => undefined,
    frame(frame) {
      const request = textMessageRequest.decode(frame);
      asked.push(request);
      answer(request, theirs);
    },
  });
  const agents = [{ name: 'agent', payload: growingCodec.name }];
  host.attach(liveKitLink(ours, { worker: 'livekit', agents, capacity: 4 }));
  const close = async (): Promise<void> => {
    await host.close();
    await store.close();
  };
  return { host, asked, close };
}

const idsOf = ({ messageId, sessionId }: TextMessageRequest) => ({ messageId, sessionId });

test('turns of two sessions may have one id', async () => {
  const waiting: TextMessageRequest[] = [];
  const { host, close } = await scripted((request, theirs) => {
    waiting.push(request);
    if (waiting.length < 2) return;
    // The other way round.
    for (const asked of waiting.toReversed()) {
      const sessionState = { version: 1n, delta: new TextEncoder().encode(asked.sessionId) };
      theirs.send(textMessageResponse.encode({ ...idsOf(asked), complete: { sessionState } }));
    }
  });
  const turn = (session: string) => host.turn({ session, id: '1', agent: 'agent', input: 'x' });
  const both = await Promise.all([turn('ada'), turn('bob')]);
  const hashes = ['ada', 'bob'].map((name) => growingCodec.hash(new TextEncoder().encode(name)));
  expect(both.map((done) => done.kind === 'done' && done.hash)).toEqual(hashes);
  await close();
});

test.each([
  ['a version beyond 2^53', { complete: { sessionState: { version: 2n ** 64n - 1n } } }],
  ['a version that is not the next', { complete: { sessionState: { version: 5n } } }],
  ['an event that is none', { functionCall: Uint8Array.of(255, 255, 255) }],
  ['an end without result', { complete: {} }],
])('%s costs the worker its turn, not the host its life', async (_, answer) => {
  const { host, close } = await scripted((request, theirs) => {
    theirs.send(textMessageResponse.encode({ ...idsOf(request), ...answer }));
  });
  const turn = host.turn({ session: 's', id: '1', agent: 'agent', input: 'x' });
  await expect(turn).rejects.toMatchObject({ outcome: 'not-applied' });
  expect(await host.session('s').head()).toBe(undefined);
  await close();
});
