/** The types of a scope follow from its schema alone, whichever library made it. */
import { type } from 'arktype';
import * as v from 'valibot';
import { describe, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import type { App, Scope, ScopeEntry } from '../../src/index.ts';

interface Trip {
  name: string;
  /** Text in, a date out. */
  day: Date;
  seats: number;
}

interface TripInput {
  name: string;
  day: string;
  seats?: number | undefined;
}

const zodTrip = z.object({
  name: z.string(),
  day: z.iso.date().transform((day) => new Date(day)),
  seats: z.number().default(1),
});

const valibotTrip = v.object({
  name: v.string(),
  day: v.pipe(
    v.string(),
    v.isoDate(),
    v.transform((day) => new Date(day)),
  ),
  seats: v.optional(v.number(), 1),
});

const arktypeTrip = type({
  name: 'string',
  day: 'string.date.iso.parse',
  seats: 'number = 1',
});

declare const app: App;

/** What must hold for a scope of trips, whoever inferred its types. */
async function checkTrips<In extends TripInput>(trips: Scope<In, Trip>, given: In): Promise<void> {
  expectTypeOf(await trips.get('a')).toEqualTypeOf<Trip | undefined>();
  expectTypeOf(await trips.get('a', null)).toEqualTypeOf<Trip | null>();
  expectTypeOf(await trips.getMany(['a'])).toEqualTypeOf<(Trip | undefined)[]>();
  expectTypeOf(await trips.entry('a')).toEqualTypeOf<ScopeEntry<Trip> | undefined>();
  for await (const { value } of trips.entries()) expectTypeOf(value).toEqualTypeOf<Trip>();
  for await (const value of trips.values()) expectTypeOf(value).toEqualTypeOf<Trip>();
  void trips.update('a', (trip) => {
    expectTypeOf(trip).toEqualTypeOf<Trip | undefined>();
    return given;
  });
  const written = await trips.set('a', given, { returns: 'values' });
  expectTypeOf(written.previous).toEqualTypeOf<Trip | undefined>();
  await app.transact(async (tx) => {
    const staged = tx.scope(trips);
    expectTypeOf(await staged.get('a')).toEqualTypeOf<Trip | undefined>();
    void staged.set('a', given);
    for await (const { value } of staged.entries()) expectTypeOf(value).toEqualTypeOf<Trip>();
  });
  void app.batch().set(trips, 'a', given);
}

describe('zod', () => {
  const trips = app.scope('trips', {
    schema: zodTrip,
    version: 1,
    migrate: { 0: (name) => ({ name, day: '2026-01-01' }) },
    quota: { entries: 1000 },
  });

  test('gives a scope its input and its output', () => {
    expectTypeOf(trips).toEqualTypeOf<Scope<z.input<typeof zodTrip>, Trip>>();
    void checkTrips(trips, { name: 'Rome', day: '2026-01-01' });
  });

  test('refuses what does not fit', () => {
    // @ts-expect-error A day is text on the way in.
    void trips.set('a', { name: 'Rome', day: new Date() });
    // @ts-expect-error A function returns what `set` takes, not what `get` gives.
    void trips.update('a', (trip) => trip ?? { name: 'Rome', day: new Date(), seats: 1 });
    // @ts-expect-error There is no such field.
    void trips.set('a', { name: 'Rome', day: '2026-01-01', seat: 1 });
    void app.transact((tx) => {
      // @ts-expect-error A name is text.
      void tx.scope(trips).set('a', { name: 7, day: '2026-01-01' });
    });
  });

  test('gives lists the same', async () => {
    const list = app.list('trips', { schema: zodTrip });
    void list.append({ name: 'Rome', day: '2026-01-01' });
    expectTypeOf(await list.range()).toEqualTypeOf<Trip[]>();
  });

  test('a schema of no object is as good', async () => {
    const codes = app.scope('codes', { schema: z.string().transform(Number) });
    expectTypeOf(codes).toEqualTypeOf<Scope<string, number>>();
    const unions = app.scope('unions', { schema: z.union([z.string(), z.array(z.number())]) });
    expectTypeOf(await unions.get('a')).toEqualTypeOf<string | number[] | undefined>();
  });
});

describe('valibot', () => {
  const trips = app.scope('trips', { schema: valibotTrip, version: 1, migrate: { 0: String } });

  test('gives a scope its input and its output', () => {
    expectTypeOf(trips).toEqualTypeOf<Scope<v.InferInput<typeof valibotTrip>, Trip>>();
    void checkTrips(trips, { name: 'Rome', day: '2026-01-01' });
  });

  test('refuses what does not fit', () => {
    // @ts-expect-error A day is text on the way in.
    void trips.set('a', { name: 'Rome', day: new Date() });
    // @ts-expect-error A function returns what `set` takes, not what `get` gives.
    void trips.update('a', (trip) => trip ?? { name: 'Rome', day: new Date(), seats: 1 });
  });
});

describe('arktype', () => {
  const trips = app.scope('trips', { schema: arktypeTrip, version: 1, migrate: { 0: String } });

  test('gives a scope its input and its output', () => {
    expectTypeOf(trips).toEqualTypeOf<Scope<typeof arktypeTrip.inferIn, Trip>>();
    void checkTrips(trips, { name: 'Rome', day: '2026-01-01' });
  });

  test('refuses what does not fit', () => {
    // @ts-expect-error A day is text on the way in.
    void trips.set('a', { name: 'Rome', day: new Date() });
    // @ts-expect-error A function returns what `set` takes, not what `get` gives.
    void trips.update('a', (trip) => trip ?? { name: 'Rome', day: new Date(), seats: 1 });
  });
});
