/** The scripts that read: each returns one moment of a ledger (E1), and writes nothing. */
import { chunk, script } from './script.ts';

const collect = `
local function collect(into, command, key, values, from, to)
  for start = from, to, ${chunk} do
    local found = redis.call(command, key, unpack(values, start, math.min(to, start + ${chunk - 1})))
    for _, each in ipairs(found) do into[#into + 1] = each end
  end
  return into
end
`;

/**
 * KEYS: head, meta, data, scopes. ARGV: now, number of scopes, scopes, fields.
 * Returns head, time, scope stats, metas, datas.
 */
export const readEntries = script(`${collect}
local scopes = tonumber(ARGV[2])
local stats = collect({}, 'HMGET', KEYS[4], ARGV, 3, 2 + scopes)
local metas = collect({}, 'HMGET', KEYS[2], ARGV, 3 + scopes, #ARGV)
local datas = collect({}, 'HMGET', KEYS[3], ARGV, 3 + scopes, #ARGV)
return {headOf(KEYS[1]), clock(ARGV[1]), stats, metas, datas}
`);

/**
 * KEYS: head, meta, data, index. ARGV: now, lower, upper, 'forward' or 'reverse', limit, keysOnly.
 * Returns head, time, fields, metas, datas.
 */
export const scanEntries = script(`${collect}
local fields
if ARGV[4] == 'forward' then
  fields = redis.call('ZRANGEBYLEX', KEYS[4], ARGV[2], ARGV[3], 'LIMIT', 0, ARGV[5])
else
  fields = redis.call('ZREVRANGEBYLEX', KEYS[4], ARGV[3], ARGV[2], 'LIMIT', 0, ARGV[5])
end
local metas = collect({}, 'HMGET', KEYS[2], fields, 1, #fields)
local datas = {}
if ARGV[6] == '0' then collect(datas, 'HMGET', KEYS[3], fields, 1, #fields) end
return {headOf(KEYS[1]), clock(ARGV[1]), fields, metas, datas}
`);

/**
 * KEYS: head, meta, names, scopes, expiry. ARGV: now, lower, upper, limit.
 * Returns head, time, names, stats, and the dead by scope: name, entries, bytes.
 */
export const listScopes = script(`${collect}
local head = headOf(KEYS[1])
local time = math.max(clock(ARGV[1]), tonumber(head[3] or 0))
local names = redis.call('ZRANGEBYLEX', KEYS[3], ARGV[2], ARGV[3], 'LIMIT', 0, ARGV[4])
local stats = collect({}, 'HMGET', KEYS[4], names, 1, #names)
local dead = redis.call('ZRANGEBYSCORE', KEYS[5], '-inf', whole(time))
local metas = collect({}, 'HMGET', KEYS[2], dead, 1, #dead)
local counts, order = {}, {}
for index, field in ipairs(dead) do
  local meta = metas[index]
  if meta then
    local name = string.sub(field, 1, string.find(field, '\\0', 1, true) - 1)
    local count = counts[name]
    if not count then
      count = {0, 0}
      counts[name] = count
      order[#order + 1] = name
    end
    count[1] = count[1] + 1
    count[2] = count[2] + tonumber(string.match(meta, '^%S+ %S+ %S+ %S+ %S+ (%d+)'))
  end
end
local expired = {}
for _, name in ipairs(order) do
  expired[#expired + 1] = name
  expired[#expired + 1] = whole(counts[name][1])
  expired[#expired + 1] = whole(counts[name][2])
end
return {head, time, names, stats, expired}
`);

/**
 * KEYS: head, log, bodies. ARGV: now, after, limit, maxBytes, '1' to read bodies.
 * Returns head, time, members (one more than may be examined tells that there is more), bodies of
 * the first of them, up to maxBytes.
 */
export const readLog = script(`${collect}
local members = redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. ARGV[2], '+inf', 'LIMIT', 0,
  tonumber(ARGV[3]) + 1)
local lasts, bytes = {}, 0
if ARGV[5] == '1' then
  for index, member in ipairs(members) do
    if index > tonumber(ARGV[3]) or bytes >= tonumber(ARGV[4]) then break end
    local last, size = string.match(member, '^(%d+) %d+ %d+ (%d+)')
    lasts[#lasts + 1] = last
    bytes = bytes + tonumber(size)
  end
end
local bodies = collect({}, 'HMGET', KEYS[3], lasts, 1, #lasts)
return {headOf(KEYS[1]), clock(ARGV[1]), members, bodies}
`);

/** KEYS: head, incarnations. Returns head, and id and start of each incarnation in turn. */
export const readHistory = script(`
return {headOf(KEYS[1]), redis.call('ZRANGE', KEYS[2], 0, -1, 'WITHSCORES')}
`);

/** KEYS: members. ARGV: now. Returns time, and id and end of each member that is alive. */
export const readMembers = script(`
local time = clock(ARGV[1])
return {time, redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. whole(time), '+inf', 'WITHSCORES')}
`);

/** KEYS: members. ARGV: now, id, ttl in milliseconds. */
export const keepMember = script(`
local time = clock(ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', whole(time))
if tonumber(ARGV[3]) > 0 then
  redis.call('ZADD', KEYS[1], whole(time + tonumber(ARGV[3])), ARGV[2])
else
  redis.call('ZREM', KEYS[1], ARGV[2])
end
return time
`);

/** KEYS: expiring. ARGV: ledger, its moment as it was seen, its next; unless announced anew. */
export const moveOn = script(`
local at = redis.call('ZSCORE', KEYS[1], ARGV[1])
if at and tonumber(at) == tonumber(ARGV[2]) then redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1]) end
return 0
`);
