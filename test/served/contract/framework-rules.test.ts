import { frameworkRules } from '../../contract/framework-rules/suite.ts';
import { servedSetups } from '../../contract/ledgers.ts';

for (const [name, setup] of Object.entries(servedSetups)) frameworkRules(name, setup);
