/** `config`: looks at a config file without opening anything. */
import { configJsonSchema, loadConfig, storeSettings } from '../../config/index.ts';
import { withoutPassword } from '../../internal/without-password.ts';
import type { Context } from '../context.ts';

export async function checkConfig(context: Context, file: string): Promise<void> {
  const config = await loadConfig(file);
  const { url } = storeSettings(config);
  const apps = Object.keys(config.apps ?? {});
  const store = withoutPassword(url);
  if (context.isJson) await context.output.text(`${JSON.stringify({ file, store, apps })}\n`);
  else await context.output.text(`${file} holds: a store at ${store}, rules for ${named(apps)}\n`);
}

export async function printConfigSchema(context: Context): Promise<void> {
  await context.output.text(`${JSON.stringify(configJsonSchema(), undefined, 2)}\n`);
}

function named(apps: readonly string[]): string {
  return apps.length === 0 ? 'no single app' : apps.join(', ');
}
