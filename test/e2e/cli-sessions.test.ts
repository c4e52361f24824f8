/** The commands on sessions. */
import { expect, test } from 'vitest';
import { open } from '../../src/index.ts';
import { linkPair, SessionHost, SessionWorker, structuredAgent } from '../../src/sessions/index.ts';
import { CommandLine, linesOf } from './command.ts';

test('sessions are listed, shown and deleted', async () => {
  const cli = await CommandLine.inTemporaryFolder();
  const agent = structuredAgent<string>((turn) => turn.state.list('messages').append(turn.input));
  {
    await using store = await open(`file:${cli.store}`);
    await using host = new SessionHost(store.app('default'));
    const [ours, theirs] = linkPair();
    host.attach(ours);
    void new SessionWorker({ agents: { agent } }).serve(theirs);
    for (const session of ['ada', 'bob']) {
      await host.turn({ session, id: '1', agent: 'agent', input: `hello ${session}` });
    }
    await host.turn({ session: 'ada', id: '2', agent: 'agent', input: 'secret' });
  }
  expect(await cli.lines('session', 'list')).toMatchObject([
    { session: 'ada', version: 2, agent: 'agent', payload: 'entries' },
    { session: 'bob', version: 1 },
  ]);
  expect(await cli.lines('session', 'list', '--prefix', 'b')).toHaveLength(1);
  const [head, first, second] = await cli.lines('session', 'show', 'ada');
  expect(head).toMatchObject({ version: 2, agent: 'agent', earlier: [{ version: 1 }] });
  expect(first).toEqual({ key: 'messages/0000000000000000', value: 'hello ada' });
  expect(second).toMatchObject({ value: 'secret' });
  const shown = await cli.run('session', 'show', 'ada', '--table');
  expect(shown.out).toMatch(/^version {2}2 {2}\(a turn may start from 2, 1\)\nagent/);
  expect((await cli.run('session', 'show', 'nobody')).code).toBe(3);
  expect((await cli.run('session', 'delete', 'ada', '--erase')).code).toBe(0);
  expect((await cli.run('session', 'delete', 'ada')).code).toBe(3);
  const log = await cli.run('log');
  expect(log.out).not.toContain('secret');
  expect(linesOf((await cli.run('session', 'list')).out)).toHaveLength(1);
});
