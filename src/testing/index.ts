/**
 * What proves an engine and makes a test own its time: `holdfast/testing`.
 *
 * The contract suites need `vitest` and register their tests when they are called.
 */
export { engineContract } from './engine-contract/index.ts';
export type { EngineContractSetup, EngineSupport } from './engine-contract/index.ts';
export { ledgerContract } from './ledger-contract/index.ts';
export type { LedgerContractSetup, OpenedLedgers } from './ledger-contract/index.ts';
export { ManualClock, pressing } from './manual-clock.ts';
export { loopback } from './loopback.ts';
export type { LayerContractSetup, LayerWorld, OpenedLedger } from './layer-world.ts';
export { listContract } from './list-contract/index.ts';
export { recipeContract } from './recipe-contract/index.ts';
export { scopeContract } from './scope-contract/index.ts';
export { watchContract } from './watch-contract/index.ts';
export { sessionContract } from './session-contract/index.ts';
export { runContract } from './run-contract/index.ts';
export { workflowContract } from './workflow-contract/index.ts';
export { contextContract } from './context-contract/index.ts';
export { triggerContract } from './trigger-contract/index.ts';
