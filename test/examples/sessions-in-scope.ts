/** What examples of sessions find: a host that has a worker, and a state as a handler gets it. */
import type { App } from '../../src/index.ts';
import {
  entriesPayload,
  linkPair,
  SessionHost,
  SessionWorker,
  structuredAgent,
} from '../../src/sessions/index.ts';
import type { SessionState } from '../../src/sessions/index.ts';

/** Appends each turn's text to the list `notes`, says so, and answers how many there are. */
const notes = structuredAgent<string, number>(({ state, input, emit }) => {
  const list = state.list<string>('notes');
  list.append(input);
  emit('noted', input);
  return list.length;
});

export function notesHost(app: App): SessionHost {
  const host = new SessionHost(app);
  const [near, far] = linkPair();
  host.attach(near);
  void new SessionWorker({ agents: { notes }, name: 'w1' }).serve(far);
  return host;
}

export function turnState(): SessionState {
  return entriesPayload.draft(entriesPayload.empty());
}
