/**
 * `transact` as the worst network and the most optimistic store would do it, within the contract.
 *
 * H1. Everything is decided before anything is applied, so that a `decide` that throws at once has
 *     no effect.
 * H2. Once a part of the call is applied, what fails after it is `unknown`, and `resolve` says
 *     `not-applied`.
 * H3. A message that is late carries its stamp: the engine beneath refuses it after `resolve`.
 */
import { HoldfastError } from '../../errors/index.ts';
import type { Applied, Engine, Outcome, TransactOptions, Work } from '../index.ts';
import { Attempt, Stale } from './attempt.ts';
import type { Dice } from './faults.ts';
import type { Past } from './past.ts';

/** How the message that applies a part of a call fares. */
type Fate = 'answered' | 'answer lost' | 'request lost' | 'late';

export interface Surroundings {
  readonly engine: Engine;
  readonly dice: Dice;
  readonly past: Past;
  /** Lets a late message run beside everything else. */
  afloat(message: Promise<void>): void;
}

export async function transact(
  around: Surroundings,
  work: readonly Work[],
  options: TransactOptions,
): Promise<readonly Outcome[]> {
  const { engine, dice, past } = around;
  const attempts = work.map((each) => new Attempt(each, engine, dice, past));
  for (const attempt of attempts) await attempt.decide();
  const isShared = attempts.length === 1 || dice.happens(0.5);
  const parts = isShared ? [attempts] : attempts.map((attempt) => [attempt]);
  const outcomes: Outcome[] = [];
  for (const part of parts) {
    try {
      outcomes.push(...(await send(around, part, options)));
    } catch (cause) {
      if (outcomes.length === 0) throw cause;
      outcomes.push(...part.map(() => unknown(cause)));
    }
  }
  return outcomes;
}

async function send(
  around: Surroundings,
  part: readonly Attempt[],
  options: TransactOptions,
): Promise<readonly Outcome[]> {
  const { dice } = around;
  await dice.maybePause();
  const fate = fateOf(dice);
  const lost = new HoldfastError('outcome_unknown', `the connection broke: ${fate}`);
  if (fate === 'request lost') return part.map(() => unknown(lost));
  if (fate === 'late') {
    around.afloat(arriveLate(around, part, options));
    return part.map(() => unknown(lost));
  }
  for (;;) {
    const applied = await tryOnce(around, part, options);
    if (applied === undefined) {
      for (const attempt of part) await attempt.decide();
      continue;
    }
    await dice.maybePause();
    return fate === 'answered' ? applied : part.map(() => unknown(lost));
  }
}

function fateOf(dice: Dice): Fate {
  if (dice.happens(dice.faults.errorAfter)) return 'answer lost';
  if (!dice.happens(dice.faults.unknownOutcome)) return 'answered';
  return (['answer lost', 'request lost', 'late'] as const)[dice.below(3)] ?? 'late';
}

/** Undefined if a decision of the part no longer held. */
async function tryOnce(
  { engine }: Surroundings,
  part: readonly Attempt[],
  options: TransactOptions,
): Promise<readonly Applied[] | undefined> {
  try {
    const outcomes = await engine.transact(
      part.map((attempt) => attempt.trial()),
      options,
    );
    for (const attempt of part) attempt.applied();
    return outcomes.map(expectApplied);
  } catch (error) {
    if (error instanceof Stale) return undefined;
    throw error;
  }
}

/** Nobody waits for it: whether it is stale, fenced or meets a closed engine is its own affair. */
async function arriveLate(
  around: Surroundings,
  part: readonly Attempt[],
  options: TransactOptions,
): Promise<void> {
  await around.dice.pause();
  await tryOnce(around, part, options).catch(() => undefined);
}

function expectApplied(outcome: Outcome): Applied {
  if (outcome.kind === 'applied') return outcome;
  throw new HoldfastError('internal', 'the engine beneath must know its outcomes', {
    cause: outcome.cause,
  });
}

function unknown(cause: unknown): Outcome {
  return { kind: 'unknown', cause };
}
