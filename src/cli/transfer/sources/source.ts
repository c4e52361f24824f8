/** Where an import comes from. */
import type { Incoming } from '../line.ts';

/** An entry, and how much of the source is read by now, in the unit of its total. */
export interface Sourced {
  readonly entry: Incoming;
  readonly done: number;
}

export interface Source {
  readonly unit: 'bytes' | 'entries';
  /** Undefined where nobody can tell beforehand. */
  readonly total: number | undefined;
  entries(): AsyncIterable<Sourced>;
}
