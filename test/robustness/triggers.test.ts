/**
 * P7: a trigger handles every matching change at least once, in order per key; its effects on the
 * state happen exactly once.
 */
import { memory, sqlite, throughAWire } from './grounds.ts';
import { triggerFaults } from './triggers/fault-suite.ts';

triggerFaults('memory', memory);
triggerFaults('memory through a wire', throughAWire(memory));
triggerFaults('sqlite', sqlite);
