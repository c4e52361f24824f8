/** Where the example keeps what: one handle per scope. */
import type { App, List, Scope } from '../../../src/index.ts';
import type { Message, Reservation, User } from '../data/shapes.ts';

/** How far a conversation is. It changes in the commit of the step that it counts. */
export interface ConversationProgress {
  readonly next: number;
  readonly of: number;
}

/** How far the data is loaded, and which it is. */
export interface LoadProgress {
  readonly dataset: string;
  readonly loaded: number;
}

export const totalNames = [
  'conversations',
  'messages',
  'toolCalls',
  'bookings',
  'changes',
  'certificates',
  'refused',
] as const;
export type TotalName = (typeof totalNames)[number];

const cacheMs = 10 * 60 * 1000;

export class AirlineState {
  readonly app: App;
  readonly users: Scope<User>;
  readonly reservations: Scope<Reservation>;
  readonly visits: Scope<number>;
  readonly totals: Scope<number>;
  readonly progress: Scope<ConversationProgress>;
  readonly load: Scope<LoadProgress>;
  /** Answers of searches; each is gone ten minutes after it was found. */
  readonly searches: Scope;

  constructor(app: App) {
    this.app = app;
    this.users = app.scope('users');
    this.reservations = app.scope('reservations');
    this.visits = app.scope('visits');
    this.totals = app.scope('totals');
    this.progress = app.scope('progress');
    this.load = app.scope('load');
    this.searches = app.scope('searches', { ttlMs: cacheMs });
  }

  messages(round: number, conversation: string): List<Message> {
    return this.app.list(`conversation/${round}/${conversation}`);
  }
}

export function progressKey(round: number, conversation: string): string {
  return `${String(round).padStart(4, '0')}/${conversation}`;
}
