/** One Postgres for all test files of a run; each test takes a schema of its own. */
import type { TestProject } from 'vitest/node';
import { postgresPrograms, PostgresServer } from './postgres.ts';
import { missing } from './provided.ts';

let server: PostgresServer | undefined;

export async function setup(project: TestProject): Promise<void> {
  if (postgresPrograms() === undefined) {
    const reason = 'Postgres is not installed (Debian: apt-get install postgresql)';
    project.provide('postgres', missing(reason));
    return;
  }
  server = await PostgresServer.start();
  project.provide('postgres', { kind: 'running', url: server.url() });
}

export async function teardown(): Promise<void> {
  await server?.[Symbol.asyncDispose]();
}
