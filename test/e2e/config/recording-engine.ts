/** An engine for a config to name: a memory store that tells what it was opened with and asked. */
import type { Engine, EngineFactory, EngineOptions } from '../../../src/index.ts';
import { openMemoryEngine } from '../../../src/engine/memory/index.ts';
import { HoldfastError } from '../../../src/errors/index.ts';

export interface Opening {
  readonly url: string;
  readonly options: EngineOptions;
  /** How often each method was called. */
  readonly calls: Map<PropertyKey, number>;
  /** Whether answers to commits are lost from now on, and nobody can say what became of them. */
  losesAnswers: boolean;
}

export const recorded: Opening[] = [];

export const openEngine: EngineFactory = async (url, options) => {
  const opening: Opening = { url, options, calls: new Map(), losesAnswers: false };
  recorded.push(opening);
  return recording(await openMemoryEngine('memory:', options), opening);
};

function recording(engine: Engine, opening: Opening): Engine {
  return new Proxy(engine, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]): unknown => {
        opening.calls.set(name, (opening.calls.get(name) ?? 0) + 1);
        if (opening.losesAnswers && name === 'resolve') {
          return Promise.reject(new HoldfastError('unavailable', 'nobody can say'));
        }
        if (opening.losesAnswers && name === 'transact') {
          return Promise.resolve([{ kind: 'unknown', cause: undefined }]);
        }
        return Reflect.apply(member, target, args) as unknown;
      };
    },
  });
}
