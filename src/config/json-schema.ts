/** The config as JSON Schema, for editors. */
import { z } from 'zod';
import { configSchema } from './schema.ts';

/**
 * JSON Schema (2020-12) of the file, as `holdfast.schema.json` of the package has it: for editors,
 * and to check files elsewhere. It says less than `parseConfig`, which also reads the schemas of
 * values.
 *
 * @example
 * import { configJsonSchema } from 'holdfast/config';
 *
 * configJsonSchema(); // => { title: 'holdfast.yaml', type: 'object' }
 */
export function configJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(configSchema, { target: 'draft-2020-12', io: 'input' });
  return { title: 'holdfast.yaml', ...schema };
}
