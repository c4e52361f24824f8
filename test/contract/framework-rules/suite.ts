/** The rules of Microsoft's Agent Framework, each as a test of its name, on one kind of ledger. */
import { describe } from 'vitest';
import { LayerContract } from '../../../src/testing/layer-world.ts';
import type { LayerContractSetup } from '../../../src/testing/layer-world.ts';
import { checkpointRules } from './checkpoint-rules.ts';
import { resumeRules } from './resume-rules.ts';
import { stateRules } from './state-rules.ts';

const rules = { state: stateRules, checkpoints: checkpointRules, resuming: resumeRules };

export function frameworkRules(name: string, setup: LayerContractSetup): void {
  describe.each(Object.entries(rules))(`rules of the Agent Framework: %s, ${name}`, (_, register) =>
    register(new LayerContract(setup)),
  );
}
