/** Small Standard Schemas, so that the suites need no validator. */
import type { SchemaVerdict, StandardSchema } from '../layers/scopes/index.ts';

export function schemaOf<In, Out = In>(
  validate: (value: unknown) => SchemaVerdict<Out> | Promise<SchemaVerdict<Out>>,
): StandardSchema<In, Out> {
  return { '~standard': { version: 1, vendor: 'holdfast-testing', validate } };
}

export interface User {
  readonly name: string;
  readonly visits: number;
}

export interface UserInput {
  readonly name: string;
  readonly visits?: number | undefined;
}

function judgeUser(value: unknown): SchemaVerdict<User> {
  const { name, visits = 0 } = (value ?? {}) as Partial<Record<keyof User, unknown>>;
  if (typeof name !== 'string') return { issues: [{ message: 'must be text', path: ['name'] }] };
  if (typeof visits !== 'number' || visits < 0) {
    return { issues: [{ message: 'must not be negative', path: [{ key: 'visits' }] }] };
  }
  return { value: { name, visits } };
}

/** Fills in `visits`; refuses negative ones. */
export const userSchema = schemaOf<UserInput, User>(judgeUser);

export const slowUserSchema = schemaOf<UserInput, User>(async (value) => judgeUser(value));
