/** Randomness, injected so that a failing run can be replayed from its seed. */
import { randomBytes } from 'node:crypto';

export interface Random {
  /** A float in [0, 1). */
  float(): number;
  /** `bytes` random bytes as lower-case hex. */
  hex(bytes: number): string;
}

export const systemRandom: Random = {
  float: () => Math.random(),
  hex: (bytes) => randomBytes(bytes).toString('hex'),
};

/** A small, fast, seeded generator (mulberry32). Not for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  function float(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  }
  function hex(bytes: number): string {
    let text = '';
    for (let index = 0; index < bytes; index += 1) {
      text += Math.floor(float() * 256)
        .toString(16)
        .padStart(2, '0');
    }
    return text;
  }
  return { float, hex };
}
