/**
 * SQL texts with the schema put in, and names under which a server keeps them parsed.
 *
 * A name is made from the text, so that no two texts share one.
 */
import { createHash } from 'node:crypto';

export interface Statement {
  readonly name: string;
  readonly text: string;
}

/** `{entry}` in a text stands for the table of the schema. */
export type Prepare = (text: string) => Statement;

export function preparer(schema: string): Prepare {
  return (template) => {
    const text = template.replaceAll(/\{(\w+)\}/g, (_, table: string) => `"${schema}"."${table}"`);
    const name = `hf_${createHash('sha256').update(text).digest('hex').slice(0, 20)}`;
    return { name, text };
  };
}

/** Milliseconds since the Unix epoch of one of the server's clocks. */
export function msOf(clock: 'now()' | 'clock_timestamp()'): string {
  return `floor(date_part('epoch', ${clock}) * 1000)::bigint`;
}
