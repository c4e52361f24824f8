/**
 * The recorded data: `users.jsonl`, `reservations.jsonl` (`{key, value}` a line) and
 * `trajectories.jsonl` (`{task_id, trial, messages}` a line) of one folder.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Conversation, Dataset, Message, Reservation, User } from './shapes.ts';

interface Trajectory {
  readonly task_id: number;
  readonly trial: number;
  readonly messages: readonly Message[];
}

interface Keyed<T> {
  readonly key: string;
  readonly value: T;
}

export async function readRecorded(folder: string): Promise<Dataset> {
  const users = await readLines<Keyed<User>>(join(folder, 'users.jsonl'));
  const reservations = await readLines<Keyed<Reservation>>(join(folder, 'reservations.jsonl'));
  const trajectories = await readLines<Trajectory>(join(folder, 'trajectories.jsonl'));
  return {
    name: 'recorded conversations of tau-bench',
    users: users.map(({ key, value }) => [key, value]),
    reservations: reservations.map(({ key, value }) => [key, value]),
    conversations: trajectories.map((trajectory) => conversationOf(trajectory)),
  };
}

function conversationOf({ task_id: task, trial, messages }: Trajectory): Conversation {
  return { id: `task-${String(task).padStart(2, '0')}-trial-${trial}`, messages };
}

async function readLines<T>(path: string): Promise<T[]> {
  const text = await readFile(path, 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);
}
