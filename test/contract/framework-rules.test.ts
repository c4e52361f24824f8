/** The rules of Microsoft's Agent Framework, each as a test of its name. */
import { describe } from 'vitest';
import { LayerContract } from '../../src/testing/layer-world.ts';
import { checkpointRules } from './framework-rules/checkpoint-rules.ts';
import { resumeRules } from './framework-rules/resume-rules.ts';
import { stateRules } from './framework-rules/state-rules.ts';
import { setups } from './ledgers.ts';

const rules = { state: stateRules, checkpoints: checkpointRules, resuming: resumeRules };

for (const name of ['memory', 'sqlite', 'sqlite through a server']) {
  describe.each(Object.entries(rules))(
    `rules of the Agent Framework: %s, ${name}`,
    (_, register) => {
      register(new LayerContract(setups[name]!));
    },
  );
}
