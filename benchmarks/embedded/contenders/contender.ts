/** One way of keeping state in a file, as a program would use it. */
export interface Contender {
  readonly name: string;
  /** What is in force, as far as it can be asked or set. */
  readonly durability: string;
  /** What it does not promise though the row's name does; by row. */
  readonly weaker?: Readonly<Partial<Record<Row, string>>>;
  set(key: string, value: unknown): Promise<unknown>;
  get(key: string): Promise<unknown>;
  /** Reads the entries of one group with their values; tells how many there were. */
  list(group: string): Promise<number>;
  /** One counter, which starts at nothing. */
  increment(): Promise<unknown>;
  /** Moves one from an account to another: reads two, writes two. */
  transfer(from: string, to: string): Promise<unknown>;
  /** Syncs what it has left unsynced: the next one's sync would have to write that out too. */
  settle?(): void;
  close(): Promise<void>;
}

export type Row = 'set' | 'get' | 'list' | 'counter' | 'transaction';

export const groups = 100;
export const keysPerGroup = 100;

/** `g042`: a session, a user, a room. */
export function groupOf(n: number): string {
  return `g${String(n % groups).padStart(3, '0')}`;
}

export function keyOf(group: string, n: number): string {
  return `${group}:${String(n % keysPerGroup).padStart(3, '0')}`;
}

export function accountOf(n: number): string {
  return `account-${n}`;
}
