/** T2 of counts: what a decision `holds` is so when it is applied, however many write at once. */
import { expect } from 'vitest';
import type { Bound, Holds } from '../../../engine/index.ts';
import type { Contract } from '../contract.ts';
import { decisionOf, nothing, put, run, scanAll, sizeOf } from '../writing.ts';
import { inParallel, rounds, writers } from './parallel.ts';
import type { Open } from './parallel.ts';

function entriesOf(scope: string, entries: Bound): Holds {
  return { scopes: [{ scope, entries }] };
}

export function holdsContract(
  contract: Contract,
  place: string,
  needs: readonly 'shared'[],
  open: Open,
): void {
  contract.testWith(needs, `a scope held to be unchanged is, ${place}`, async (world) => {
    const engines = await open(world);
    const seats = 7;
    await inParallel((writer, round) =>
      run(engines[writer % 2]!, {
        ledger: 'app',
        reads: { refs: [], scopes: ['s'] },
        decide({ scopes: [stat] }) {
          if (stat!.entries >= seats) return nothing;
          const holds = { scopes: [{ scope: 's', revision: stat!.revision }] };
          return decisionOf([put('s', `${writer}-${round}`)], [undefined], { holds });
        },
      }),
    );
    expect(await scanAll(engines[0]!, 'app', { scope: 's' })).toHaveLength(seats);
  });
  bounds(contract, place, needs, open);
}

function bounds(contract: Contract, place: string, needs: readonly 'shared'[], open: Open): void {
  contract.testWith(needs, `a scope held to a bound keeps it, ${place}`, async (world) => {
    const engines = await open(world);
    const seats = 7;
    let [admitted, refused] = [0, 0];
    await inParallel(async (writer, round) => {
      let isFull = false;
      await run(engines[writer % 2]!, {
        ledger: 'app',
        reads: { refs: [], scopes: ['s'] },
        decide({ scopes: [stat] }) {
          isFull = stat!.entries >= seats;
          if (isFull) return { ...nothing, holds: entriesOf('s', { least: seats }) };
          const holds = entriesOf('s', { most: seats - 1 });
          return decisionOf([put('s', `${writer}-${round}`)], [undefined], { holds });
        },
      });
      if (isFull) refused += 1;
      else admitted += 1;
    });
    expect([admitted, refused]).toEqual([seats, writers * rounds - seats]);
    expect(await scanAll(engines[0]!, 'app', { scope: 's' })).toHaveLength(seats);
  });

  contract.testWith(needs, `a ledger held to a bound keeps it, ${place}`, async (world) => {
    const engines = await open(world);
    const size = sizeOf('0-0', 'x');
    const most = 9 * size;
    await inParallel((writer, round) =>
      run(engines[writer % 2]!, {
        ledger: 'app',
        reads: { refs: [], scopes: [] },
        decide({ head }) {
          if (head.bytes + size > most) return { ...nothing, holds: { bytes: { least: most } } };
          const holds = { bytes: { most: most - size } };
          const key = `${writer}-${round % 10}`;
          return decisionOf([put(`s${writer}${round}`, key, 'x')], [undefined], { holds });
        },
      }),
    );
    expect((await engines[0]!.read('app', [])).head).toMatchObject({ entries: 9, bytes: most });
  });
}
