/** A pair of links between which messages are repeated, and lost with the connection. */
import { linkPair } from '../../../src/sessions/index.ts';
import type { Link } from '../../../src/sessions/index.ts';
import type { Coverage } from './coverage.ts';
import type { Random } from '../../../src/internal/random.ts';

export interface ChaosRates {
  /** Of a message: it arrives twice. */
  readonly repeat: number;
  /** Of a message: the connection is gone, with the message or right behind it. */
  readonly cut: number;
}

export function chaosPair(
  random: Random,
  rates: () => ChaosRates,
  coverage: Coverage,
): readonly [Link, Link] {
  const [a, b] = linkPair();
  return [chaotic(a, random, rates, coverage), chaotic(b, random, rates, coverage)];
}

function chaotic(link: Link, random: Random, rates: () => ChaosRates, coverage: Coverage): Link {
  return {
    close: () => link.close(),
    listen: (listener) => link.listen(listener),
    send(frame) {
      const { repeat, cut } = rates();
      const isCut = random.float() < cut;
      if (isCut && random.float() < 0.5) {
        coverage.count('a message lost');
        return link.close();
      }
      link.send(frame);
      if (random.float() < repeat) {
        coverage.count('a message repeated');
        link.send(frame);
      }
      if (isCut) link.close();
    },
  };
}
