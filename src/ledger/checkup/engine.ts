/** The checks that an engine has of its own structures. */
import type { Engine } from '../../engine/index.ts';
import type { Finding } from './finding.ts';

interface Checkable {
  integrityCheck(): Promise<readonly string[]>;
}

/** Undefined if the engine has none. */
export async function examineEngine(engine: Engine): Promise<readonly Finding[] | undefined> {
  if (!hasIntegrityCheck(engine)) return undefined;
  const messages = await engine.integrityCheck();
  return messages.map((message) => {
    return { severity: 'problem', rule: 'engine', app: undefined, message, details: {} };
  });
}

function hasIntegrityCheck(engine: object): engine is Checkable {
  return 'integrityCheck' in engine;
}
