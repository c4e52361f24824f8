/** Randomness, injected so that a failing run can be replayed from its seed. */
export interface Random {
  /** A float in [0, 1). */
  float(): number;
  /** `bytes` random bytes as lower-case hex. */
  hex(bytes: number): string;
}

export const systemRandom: Random = {
  float: () => Math.random(),
  hex: (bytes) => hexOf(drawn(bytes)),
};

/** Drawn ahead: asking the system costs far more than the bytes do. Each is given out once. */
const ahead = new Uint8Array(1024);
let given = ahead.length;

function drawn(bytes: number): Uint8Array {
  if (bytes > ahead.length) return crypto.getRandomValues(new Uint8Array(bytes));
  if (given + bytes > ahead.length) {
    crypto.getRandomValues(ahead);
    given = 0;
  }
  given += bytes;
  return ahead.subarray(given - bytes, given);
}

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
    return hexOf(Uint8Array.from({ length: bytes }, () => Math.floor(float() * 256)));
  }
  return { float, hex };
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
