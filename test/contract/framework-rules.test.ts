import { frameworkRules } from './framework-rules/suite.ts';
import { setups } from './ledgers.ts';

for (const [name, setup] of Object.entries(setups)) frameworkRules(name, setup);
