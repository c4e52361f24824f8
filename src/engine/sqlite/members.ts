/** The processes that said they live, and until when. Nothing here is logged or synced. */
import type { Member } from '../engine.ts';
import type { Connection } from './file/connection.ts';

export async function heartbeat(connection: Connection, id: string, ttlMs: number): Promise<void> {
  await connection.update('relaxed', () => {
    const now = connection.options.clock.now();
    if (ttlMs <= 0) {
      const gone = connection.first('DELETE FROM member WHERE id = ? RETURNING id', id);
      return gone === undefined ? undefined : true;
    }
    connection.run('DELETE FROM member WHERE expires_at <= ?', now);
    connection.run('INSERT OR REPLACE INTO member VALUES (?, ?)', id, now + ttlMs);
    return true;
  });
}

export function aliveMembers(connection: Connection): { members: Member[]; time: number } {
  const time = connection.options.clock.now();
  const rows = connection.all(
    'SELECT id, expires_at FROM member WHERE expires_at > ? ORDER BY id',
    time,
  );
  const members = rows.map(([id, expiresAt]) => ({
    id: id as string,
    expiresAt: expiresAt as number,
  }));
  return { members, time };
}
