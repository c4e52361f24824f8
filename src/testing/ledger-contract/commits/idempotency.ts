/** Idempotency stamps: a caller may repeat a commit whose answer was lost. */
import { expect } from 'vitest';
import type { Mutation, Proposal } from '../../../ledger/index.ts';
import {
  commit,
  conflict,
  drop,
  increment,
  logOf,
  refusal,
  revisionOf,
  runDuties,
  set,
  valueOf,
  write,
} from '../acts.ts';
import type { LedgerContract } from '../contract.ts';

const hourMs = 60 * 60 * 1000;

function stamped(sequence: number, ...mutations: readonly Mutation[]): Proposal {
  return { stamp: { client: 'c', sequence }, mutations };
}

export function idempotencyContract(contract: LedgerContract): void {
  repeats(contract);
  refusals(contract);
  windows(contract);
}

function repeats(contract: LedgerContract): void {
  contract.test('a repeat gets the first receipt and applies nothing', async (world) => {
    const { app, clock } = await world.start();
    await write(app, set('old', 1), set('gone', 1));
    const mutations = [set('new', 1), set('old', 2), drop('gone'), drop('never'), increment('old')];
    const first = await commit(app, stamped(1, ...mutations));
    clock.advance(50);
    await write(app, set('elsewhere', 1));
    const before = await revisionOf(app);
    const again = await commit(app, stamped(1, ...mutations));
    expect(again).toEqual({ ...first, replayed: true });
    expect(await revisionOf(app)).toBe(before);
    expect(await valueOf(app, 'old')).toBe(3);
  });

  contract.test(
    'a stamp for one call: the repeat has the values of the answer that was lost',
    async (world) => {
      const { app } = await world.start();
      await write(app, set('k', 1));
      const proposal: Proposal = {
        stamp: { client: 'c', sequence: 1, perCall: true },
        mutations: [set('k', 2), increment('n')],
        returns: 'values',
      };
      const first = await commit(app, proposal);
      await write(app, set('k', 3));
      const repeat = await commit(app, proposal);
      expect(repeat.replayed).toBe(true);
      expect(repeat.results.map(({ value }) => value?.decode())).toEqual([2, 1]);
      expect(repeat.results.map(({ previous }) => previous?.decode())).toEqual([1, undefined]);
      expect(repeat.position).toEqual(first.position);
    },
  );

  contract.test('a stamp for one call: what changed nothing leaves no trace', async (world) => {
    const { app } = await world.start();
    const { position } = await write(app, set('other', 1));
    const stamp = { client: 'c', sequence: 1, perCall: true };
    const idle = await commit(app, { mutations: [drop('k')], stamp });
    expect(idle.position).toEqual(position);
    await write(app, set('k', 1));
    const again = await commit(app, { mutations: [drop('k')], stamp });
    expect(again).toMatchObject({ replayed: false, results: [{ change: 'deleted' }] });
    const repeat = await commit(app, { mutations: [drop('k')], stamp });
    expect(repeat).toMatchObject({ replayed: true, position: again.position });
  });

  contract.test('a repeat of what changed nothing gets the first receipt', async (world) => {
    const { app } = await world.start();
    await write(app, set('k', 1));
    const proposal = stamped(1, set('brief', 1), drop('brief'), drop('never'));
    const first = await commit(app, proposal);
    await write(app, set('k', 2));
    expect(await commit(app, proposal)).toEqual({ ...first, replayed: true });
  });

  contract.test('a repeat that waits with its first is applied once', async (world) => {
    const { app } = await world.start();
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => commit(app, stamped(7, increment('n')))),
    );
    expect(await valueOf(app, 'n')).toBe(1);
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect(new Set(answers.map(({ position }) => position.revision)).size).toBe(1);
  });

  contract.test('a repeat through another handle gets the first receipt', async (world) => {
    const { app, ...opened } = await world.start();
    const first = await commit(app, stamped(1, increment('n')));
    const second = await world.reopen({ ...opened });
    await opened.ledgers.close();
    const reopened = second.ledger('app');
    const [again] = await Promise.all([
      commit(reopened, stamped(1, increment('n'))),
      write(reopened, set('beside', 1)),
    ]);
    expect(again).toEqual({ ...first, replayed: true });
    expect(await valueOf(reopened, 'n')).toBe(1);
    const page = await reopened.log(again.position);
    expect(page.kind).toBe('commits');
  });

  contract.test('a repeat names versions, not values: the log has those', async (world) => {
    const { app } = await world.start();
    const proposal: Proposal = { ...stamped(1, set('k', 1)), returns: 'values' };
    const first = await commit(app, proposal);
    expect(first.results[0]?.value?.decode()).toBe(1);
    const again = await commit(app, proposal);
    expect(again.results).toEqual([{ change: 'created', version: first.position.revision }]);
  });

  contract.test('stamps of several clients do not meet, whatever their names', async (world) => {
    const { app } = await world.start();
    const clients = ['c', 'c\n0', 'c\n1', 'c/0', '0/c', '/c', '__proto__', 'c,1'];
    for (const client of clients) {
      const proposal = { stamp: { client, sequence: 1 }, mutations: [increment('n')] };
      expect((await commit(app, proposal)).replayed).toBe(false);
      expect((await commit(app, proposal)).replayed).toBe(true);
    }
    for (const client of clients) {
      const later = { stamp: { client, sequence: 100 }, mutations: [increment('n')] };
      expect((await commit(app, later)).replayed).toBe(false);
    }
    expect(await valueOf(app, 'n')).toBe(2 * clients.length);
  });

  contract.test('stamps of several apps do not meet', async (world) => {
    const { app, ledger } = await world.start();
    await commit(app, stamped(1, increment('n')));
    expect((await commit(ledger('other'), stamped(1, increment('n')))).replayed).toBe(false);
  });
}

function refusals(contract: LedgerContract): void {
  const other: readonly (readonly [string, Proposal, Proposal])[] = [
    ['value', stamped(1, set('k', 1)), stamped(1, set('k', 2))],
    ['key', stamped(1, set('k', 1)), stamped(1, set('l', 1))],
    [
      'kind of value',
      stamped(1, set('k', true)),
      stamped(1, set('k', Buffer.from('true', 'base64'))),
    ],
    ['time to live', stamped(1, set('k', 1)), stamped(1, set('k', 1, { ttlMs: 1000 }))],
    ['schema', stamped(1, set('k', 1)), stamped(1, set('k', 1, { schema: 1 }))],
    ['operation', stamped(1, increment('k')), stamped(1, increment('k'), increment('k'))],
    ['mutation', stamped(1, drop('k')), stamped(1, set('k', 1))],
    [
      'check',
      stamped(1, set('k', 1)),
      { ...stamped(1, set('k', 1)), checks: [{ kind: 'value', scope: 's', key: 'b', value: 1 }] },
    ],
  ];
  for (const [what, first, second] of other) {
    contract.test(`a stamp used again with another ${what} is refused`, async (world) => {
      const { app } = await world.start();
      await write(app, set('b', 1));
      await commit(app, first);
      const before = await app.head();
      await refusal('stamp_reused', () => app.commit(second));
      expect(await app.head()).toEqual(before);
    });
  }

  contract.test('a conflict leaves no trace: the stamp is judged anew', async (world) => {
    const { app } = await world.start();
    const check = { kind: 'value', scope: 's', key: 'gate', value: 'open' } as const;
    const proposal = { ...stamped(1, increment('n')), checks: [check] };
    await conflict(app, proposal);
    await conflict(app, proposal);
    await write(app, set('gate', 'open'));
    expect((await commit(app, proposal)).replayed).toBe(false);
    await write(app, set('gate', 'shut'));
    expect((await commit(app, proposal)).replayed).toBe(true);
    expect(await valueOf(app, 'n')).toBe(1);
  });

  contract.test('a proposal that failed leaves no trace: the stamp is free', async (world) => {
    const { app } = await world.start();
    await write(app, set('n', 'text'));
    await refusal('operation_failed', () => app.commit(stamped(1, increment('n'))));
    await write(app, drop('n'));
    expect((await commit(app, stamped(1, increment('n')))).replayed).toBe(false);
  });
}

function windows(contract: LedgerContract): void {
  contract.test('a repeat older than the window is refused, not applied', async (world) => {
    const { app } = await world.start();
    const first = await commit(app, stamped(1, increment('n')));
    await commit(app, stamped(1500, increment('n')));
    expect(await commit(app, stamped(1, increment('n')))).toEqual({ ...first, replayed: true });
    await commit(app, stamped(100_000, increment('n')));
    const error = await refusal('stamp_expired', () => app.commit(stamped(1, increment('n'))));
    expect(error.outcome).toBe('unknown');
    await refusal('stamp_expired', () => app.commit(stamped(1500, increment('n'))));
    await refusal('stamp_expired', () => app.commit(stamped(2, increment('n'))));
    expect(await valueOf(app, 'n')).toBe(3);
  });

  contract.test(
    'a pipeline of a thousand stamps is applied once, however often sent',
    async (world) => {
      const { app } = await world.start();
      const sequences = Array.from({ length: 1000 }, (_, index) => index + 1);
      const send = () =>
        Promise.all(sequences.map((sequence) => commit(app, stamped(sequence, increment('n')))));
      const first = await send();
      const again = await send();
      expect(await valueOf(app, 'n')).toBe(1000);
      expect(again).toEqual(first.map((receipt) => ({ ...receipt, replayed: true })));
      expect(await logOf(app, { limit: 100 })).toHaveLength(1000);
    },
  );

  contract.test(
    'a client that comes back after its window ended commits as ever',
    async (world) => {
      const { app, clock, ...opened } = await world.start();
      await commit(app, stamped(1, increment('n')));
      clock.advance(37 * hourMs);
      const [receipt] = await Promise.all([
        commit(app, stamped(2, increment('n'))),
        runDuties({ ...opened, clock }),
      ]);
      expect(receipt.replayed).toBe(false);
      expect((await commit(app, stamped(2, increment('n')))).replayed).toBe(true);
      expect(await valueOf(app, 'n')).toBe(2);
    },
  );

  contract.test('the window of a client that is silent for long goes whole', async (world) => {
    const { app, clock, ...opened } = await world.start();
    const sequences = [1, 20, 40];
    for (const sequence of sequences) await commit(app, stamped(sequence, increment('n')));
    clock.advance(37 * hourMs);
    await runDuties({ ...opened, clock });
    for (const sequence of sequences) {
      const receipt = await commit(app, stamped(sequence, increment('n')));
      expect(receipt.replayed).toBe(false);
    }
  });

  contract.test('a window is kept for a day after its last commit', async (world) => {
    const { app, clock, ...opened } = await world.start();
    await commit(app, stamped(1, increment('n')));
    for (let sequence = 2; sequence < 6; sequence += 1) {
      clock.advance(20 * hourMs);
      await commit(app, stamped(sequence, increment('n')));
    }
    clock.advance(23 * hourMs);
    await runDuties({ ...opened, clock });
    for (let sequence = 1; sequence < 6; sequence += 1) {
      expect((await commit(app, stamped(sequence, increment('n')))).replayed).toBe(true);
    }
  });
}
