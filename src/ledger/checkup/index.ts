/** Examining what is stored, for `holdfast doctor`. */
export { examineLedger } from './checkup.ts';
export { examineEngine } from './engine.ts';
export { findingRules } from './finding.ts';
export type { CheckupOptions, Finding, FindingRule } from './finding.ts';
