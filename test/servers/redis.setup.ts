/** One Redis and one cluster for all test files of a run; each test takes a prefix of its own. */
import type { TestProject } from 'vitest/node';
import { missing } from './provided.ts';
import { hasRedis, RedisCluster, RedisServer, whyNoRedis } from './redis.ts';

const started: AsyncDisposable[] = [];

export async function setup(project: TestProject): Promise<void> {
  if (!hasRedis()) {
    project.provide('redis', missing(whyNoRedis));
    project.provide('redisCluster', missing(whyNoRedis));
    return;
  }
  const [server, cluster] = await Promise.all([RedisServer.start(), RedisCluster.start()]);
  started.push(server, cluster);
  project.provide('redis', { kind: 'running', url: server.url() });
  project.provide('redisCluster', { kind: 'running', url: cluster.url() });
}

export async function teardown(): Promise<void> {
  for (const one of started) await one[Symbol.asyncDispose]();
}
