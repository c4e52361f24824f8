/** A checkpoint as one text: JSON, complete in itself, to be kept or moved elsewhere. */
import { HoldfastError } from '../../../errors/index.ts';
import { exportedState } from '../state/exported.ts';
import type { ExportedState } from '../state/exported.ts';
import type { RunState } from '../state/run-state.ts';
import type { Checkpoint } from './manifest.ts';

const kind = 'holdfast.checkpoint';
const formatVersion = 1;

export interface CheckpointFile {
  readonly kind: typeof kind;
  readonly format: number;
  readonly checkpoint: Omit<Checkpoint, 'forks' | 'format'>;
  readonly state: ExportedState;
}

export function checkpointText(checkpoint: Checkpoint, state: RunState): string {
  const { forks: _forks, format: _format, ...rest } = checkpoint;
  const file: CheckpointFile = {
    kind,
    format: formatVersion,
    checkpoint: rest,
    state: exportedState(state),
  };
  return `${JSON.stringify(file)}\n`;
}

/** Throws `invalid_argument` for what is no such text, `unsupported` for a newer format. */
export function checkpointFile(text: string): CheckpointFile {
  let file: CheckpointFile;
  try {
    file = JSON.parse(text) as CheckpointFile;
  } catch (cause) {
    throw new HoldfastError('invalid_argument', 'not a checkpoint: it is not JSON', { cause });
  }
  if (file?.kind !== kind || typeof file.checkpoint !== 'object') {
    throw new HoldfastError('invalid_argument', `not a checkpoint: its kind is not '${kind}'`);
  }
  if (file.format === formatVersion) return file;
  const reads = `this code reads format ${formatVersion}`;
  throw new HoldfastError('unsupported', `a checkpoint of format ${file.format}; ${reads}`);
}
