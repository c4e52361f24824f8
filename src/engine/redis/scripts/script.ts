/**
 * A script of the engine: its text, and the hash by which a server that has it is asked to run it.
 *
 * Scripts know their keys as KEYS[n] alone, as clusters and the stricter of Redis' kin demand, pass
 * no more than `chunk` values through `unpack` (Lua's stack ends at 8,000), and print numbers with
 * `%.0f` (Lua would round those above 10^14).
 */
import { createHash } from 'node:crypto';

export interface Script {
  readonly text: string;
  readonly hash: string;
}

/** Values that one command within a script takes. */
export const chunk = 1000;

/** Shared by all scripts; unused parts cost a few microseconds. */
const prelude = `
local function whole(number) return string.format('%.0f', number) end
local function clock(now)
  if now ~= '' then return tonumber(now) end
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
local function headOf(key)
  return redis.call('HMGET', key, 'incarnation', 'revision', 'time', 'trimmed', 'entries', 'bytes',
    'logBytes', 'epoch')
end
`;

export function script(text: string): Script {
  const whole = prelude + text;
  return { text: whole, hash: createHash('sha1').update(whole).digest('hex') };
}
