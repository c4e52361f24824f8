/**
 * The messages against two encoders that are not ours: the classes that LiveKit publishes
 * (`@livekit/protocol`), and bytes that `protoc` 3.21 wrote (`golden/`: each sample is its text
 * through `protoc --encode=livekit.agent.MESSAGE text-messages.proto`).
 */
import { readFileSync } from 'node:fs';
import { AgentSession, AgentText } from '@livekit/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  agentHandoff,
  agentSessionState,
  chatMessage,
  functionCall,
  functionCallOutput,
  textMessageErrorCodes,
  textMessageRequest,
  textMessageResponse,
} from './text-messages.ts';
import type {
  AgentSessionState,
  TextMessageRequest,
  TextMessageResponse,
} from './text-messages.ts';

type State = AgentText.AgentSessionState;

/** Theirs as ours. Their `oneof` is `{case, value}`. */
function stateOf({ version, data }: State): AgentSessionState {
  return {
    version,
    snapshot: data.case === 'snapshot' ? data.value : undefined,
    delta: data.case === 'delta' ? data.value : undefined,
  };
}

function requestOf(theirs: AgentText.TextMessageRequest): TextMessageRequest {
  const { text, messageId, sessionId, agentName, metadata, sessionState } = theirs;
  const state = sessionState && stateOf(sessionState);
  return { text, messageId, sessionId, agentName, metadata, sessionState: state };
}

function responseOf(theirs: AgentText.TextMessageResponse): TextMessageResponse {
  const { messageId, sessionId, event } = theirs;
  const bytesOf = (name: string): Uint8Array | undefined => {
    if (event.case !== name || event.case === 'complete') return undefined;
    return event.value?.toBinary();
  };
  return {
    messageId,
    sessionId,
    message: bytesOf('message'),
    functionCall: bytesOf('functionCall'),
    functionCallOutput: bytesOf('functionCallOutput'),
    agentHandoff: bytesOf('agentHandoff'),
    complete: event.case === 'complete' ? completeOf(event.value) : undefined,
  };
}

function completeOf({ result }: AgentText.TextMessageComplete): TextMessageResponse['complete'] {
  return {
    sessionState: result.case === 'sessionState' ? stateOf(result.value) : undefined,
    error:
      result.case === 'error'
        ? { message: result.value.message, code: result.value.code }
        : undefined,
  };
}

function fieldsOf(theirs: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(theirs));
}

/** Each message: how we read and write it, and how they do. */
const messages = {
  AgentSessionState: {
    decode: (bytes: Uint8Array) => agentSessionState.decode(bytes),
    again: (bytes: Uint8Array) => agentSessionState.encode(agentSessionState.decode(bytes)),
    theirs: (bytes: Uint8Array) => stateOf(AgentText.AgentSessionState.fromBinary(bytes)),
  },
  TextMessageRequest: {
    decode: (bytes: Uint8Array) => textMessageRequest.decode(bytes),
    again: (bytes: Uint8Array) => textMessageRequest.encode(textMessageRequest.decode(bytes)),
    theirs: (bytes: Uint8Array) => requestOf(AgentText.TextMessageRequest.fromBinary(bytes)),
  },
  TextMessageResponse: {
    decode: (bytes: Uint8Array) => textMessageResponse.decode(bytes),
    again: (bytes: Uint8Array) => textMessageResponse.encode(textMessageResponse.decode(bytes)),
    theirs: (bytes: Uint8Array) => responseOf(AgentText.TextMessageResponse.fromBinary(bytes)),
  },
} as const;

interface Sample {
  readonly message: keyof typeof messages;
  readonly text: string;
  readonly hex: string;
}

const path = new URL('./golden/samples.json', import.meta.url);
const samples = JSON.parse(readFileSync(path, 'utf8')) as readonly Sample[];

describe('bytes that protoc wrote', () => {
  test.each(samples.map((sample) => [sample.message, sample.text, sample] as const))(
    '%s { %s }',
    (_, __, { message, hex }) => {
      const bytes = new Uint8Array(Buffer.from(hex, 'hex'));
      const { decode, again, theirs } = messages[message];
      expect(decode(bytes)).toEqual(theirs(bytes));
      expect(Buffer.from(again(bytes)).toString('hex')).toBe(hex);
    },
  );

  test('a version is what the text says, up to 2^64-1', () => {
    const versions = samples.filter(({ text }) => /^version: \d+$/.test(text));
    expect(versions.length).toBeGreaterThan(10);
    for (const { text, hex } of versions) {
      const { version } = agentSessionState.decode(Buffer.from(hex, 'hex'));
      expect(`version: ${version}`).toBe(text);
    }
  });
});

const edges = [0n, 1n, 127n, 128n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n - 1n, 2n ** 53n + 1n];
const version = fc.oneof(
  fc.constantFrom(...edges, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
);
const bytes = fc.uint8Array({ maxLength: 40 });
const text = fc.string({ unit: 'binary', maxLength: 20 });
const data = fc.oneof(
  fc.constant({ case: undefined }),
  fc.record({ case: fc.constant('snapshot' as const), value: bytes }),
  fc.record({ case: fc.constant('delta' as const), value: bytes }),
);
const state = fc.record({ version, data }).map((parts) => new AgentText.AgentSessionState(parts));
const request = fc
  .record({
    text,
    messageId: text,
    sessionId: text,
    agentName: text,
    metadata: text,
    sessionState: fc.option(state, { nil: undefined }),
  })
  .map(({ sessionState, ...parts }) => {
    return new AgentText.TextMessageRequest({
      ...parts,
      ...(sessionState === undefined ? {} : { sessionState }),
    });
  });
const error = fc.record({ message: text, code: fc.constantFrom(0, 1, 2, 3) });
const complete = fc.oneof(
  state.map(
    (value) => new AgentText.TextMessageComplete({ result: { case: 'sessionState', value } }),
  ),
  error.map((parts) => {
    const value = new AgentText.TextMessageError(parts);
    return new AgentText.TextMessageComplete({ result: { case: 'error', value } });
  }),
  fc.constant(new AgentText.TextMessageComplete()),
);
const said = fc
  .record({ id: text, role: fc.constantFrom(0, 1, 2, 3), interrupted: fc.boolean(), text })
  .map(({ text: content, ...parts }) => {
    const payload = { case: 'text' as const, value: content };
    return new AgentSession.ChatMessage({ ...parts, content: [{ payload }] });
  });
const called = fc
  .record({ id: text, callId: text, arguments: text, name: text })
  .map((parts) => new AgentSession.FunctionCall(parts));
const returned = fc
  .record({ id: text, name: text, callId: text, output: text, isError: fc.boolean() })
  .map((parts) => new AgentSession.FunctionCallOutput(parts));
const handed = fc
  .record({ id: text, oldAgentId: text, newAgentId: text })
  .map((parts) => new AgentSession.AgentHandoff(parts));
const event = fc.oneof(
  fc.constant({ case: undefined }),
  said.map((value) => ({ case: 'message' as const, value })),
  called.map((value) => ({ case: 'functionCall' as const, value })),
  returned.map((value) => ({ case: 'functionCallOutput' as const, value })),
  handed.map((value) => ({ case: 'agentHandoff' as const, value })),
  complete.map((value) => ({ case: 'complete' as const, value })),
);
const response = fc
  .record({ messageId: text, sessionId: text, event })
  .map((parts) => new AgentText.TextMessageResponse(parts));
const any = fc.oneof(
  state.map((theirs) => ['AgentSessionState', theirs.toBinary()] as const),
  request.map((theirs) => ['TextMessageRequest', theirs.toBinary()] as const),
  response.map((theirs) => ['TextMessageResponse', theirs.toBinary()] as const),
);

describe('the classes that LiveKit publishes', () => {
  test('what they write we read, and write as the same bytes, which they read', () => {
    fc.assert(
      fc.property(any, ([name, written]) => {
        const { decode, again, theirs } = messages[name];
        expect(decode(written)).toEqual(theirs(written));
        const ours = again(written);
        expect(Buffer.from(ours)).toEqual(Buffer.from(written));
        expect(theirs(ours)).toEqual(theirs(written));
      }),
      { numRuns: 1000 },
    );
  });

  test('fields that come again are merged as they merge them', () => {
    const messageOf = (name: 'AgentSessionState' | 'TextMessageRequest') => messages[name];
    const twice = fc.oneof(
      fc.tuple(fc.constant('AgentSessionState' as const), state, state),
      fc.tuple(fc.constant('TextMessageRequest' as const), request, request),
    );
    fc.assert(
      fc.property(twice, ([name, first, second]) => {
        const both = Buffer.concat([first.toBinary(), second.toBinary()]);
        const { decode, theirs } = messageOf(name);
        expect(decode(both)).toEqual(theirs(both));
      }),
      { numRuns: 500 },
    );
  });

  test('the events are read as they wrote them', () => {
    fc.assert(
      fc.property(said, called, returned, handed, (message, call, output, handoff) => {
        expect(chatMessage.decode(message.toBinary())).toEqual({
          id: message.id,
          role: message.role,
          content: message.content.map(({ payload }) => ({ text: payload.value })),
          interrupted: message.interrupted,
        });
        expect(functionCall.decode(call.toBinary())).toEqual(fieldsOf(call));
        expect(functionCallOutput.decode(output.toBinary())).toEqual(fieldsOf(output));
        expect(agentHandoff.decode(handoff.toBinary())).toEqual(fieldsOf(handoff));
      }),
    );
  });

  test('the codes of errors have their numbers', () => {
    for (const [name, code] of Object.entries(textMessageErrorCodes)) {
      expect(AgentText.TextMessageErrorCode[code]).toBe(name);
    }
    expect(AgentText.TextMessageErrorCode[4]).toBe(undefined);
  });
});
