/**
 * The script that applies a decision, and the one that tells what became of it.
 *
 * A1. Everything is judged before anything is written: stamp, incarnation, versions, bounds, time.
 *     Redis does not undo a script that fails half way, so what is left after that cannot fail. The
 *     first write is one that a server without memory refuses; it lets the later ones through.
 * A2. Base and time are drawn here, so they ascend in the order of commits.
 * A3. An incarnation begins with the first commit of an opening (E6), and with the first after the
 *     server's replication id changed: a server gets a new one whenever it starts or is promoted,
 *     which is when it may have lost commits. `epoch` is the id under which the last commit was
 *     made.
 * A4. Only what is left to fail by is the time that it takes: the ledger bounds what a group holds.
 */
import { chunk, script } from './script.ts';

/** How long a stamp outlives its last commit: longer than any message. Looked at in a trim. */
const stampKeptMs = 86_400_000;

const half = chunk / 2;

const judge = `
local at = 0
local function take()
  at = at + 1
  return ARGV[at]
end
local function number() return tonumber(take()) end

local now, member, sequence = clock(take()), take(), number()
local stamp = redis.call('HGET', KEYS[12], member)
if stamp then
  local last = tonumber(string.match(stamp, '^%d+'))
  if last >= sequence then return {'fenced', last} end
end

local head = headOf(KEYS[1])
local incarnation, revision = head[1] or '', tonumber(head[2] or 0)
local function countsOf(trimmed, entries, bytes, logBytes)
  return trimmed .. ' ' .. entries .. ' ' .. bytes .. ' ' .. logBytes
end
local seenIncarnation, seenRevision, exactly, seenTime = take(), number(), take(), number()
if incarnation ~= seenIncarnation or revision < seenRevision then return {'moved'} end
if exactly ~= '' and (revision ~= seenRevision or exactly ~=
  countsOf(head[4] or '0', head[5] or '0', head[6] or '0', head[7] or '0')) then
  return {'moved'}
end
local time = math.max(now, tonumber(head[3] or 0), seenTime)
local validUntil = take()
if validUntil ~= '' and time >= tonumber(validUntil) and seenTime < tonumber(validUntil) then
  return {'late'}
end

local reads = number()
for start = 1, reads, ${chunk} do
  local last = math.min(reads, start + ${chunk - 1})
  local metas = redis.call('HMGET', KEYS[2], unpack(ARGV, at + start, at + last))
  for index, meta in ipairs(metas) do
    local version = meta and string.match(meta, '^%d+') or '0'
    if version ~= ARGV[at + reads + start + index - 1] then return {'changed'} end
  end
end
at = at + 2 * reads

local function isWithin(count)
  local least, most = take(), take()
  return (least == '' or count >= tonumber(least)) and (most == '' or count <= tonumber(most))
end
local function statOf(scope)
  local stat = redis.call('HGET', KEYS[6], scope)
  if not stat then return 0, 0, 0, false end
  local entries, bytes, last = string.match(stat, '^(%S+) (%S+) (%S+)$')
  return tonumber(entries), tonumber(bytes), tonumber(last), true
end
local entries, bytes = tonumber(head[5] or 0), tonumber(head[6] or 0)
local isHeld = isWithin(entries)
isHeld = isWithin(bytes) and isHeld
for _ = 1, number() do
  local scopeEntries, scopeBytes, last = statOf(take())
  local exact = take()
  isHeld = (exact == '' or last == tonumber(exact)) and isHeld
  isHeld = isWithin(scopeEntries) and isHeld
  isHeld = isWithin(scopeBytes) and isHeld
end
if not isHeld then return {'changed'} end
`;

const write = `
local base, revisions = revision, number()
local nextIncarnation, isFirst = take(), take()
local epoch = string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)') or ''
local begins = revisions > 0 and (isFirst == '1' or head[8] ~= epoch)
if begins then incarnation = nextIncarnation end
redis.call('HSET', KEYS[12], member, whole(sequence) .. ' ' .. whole(base) .. ' ' .. whole(time)
  .. ' ' .. whole(now) .. ' ' .. incarnation)
if begins then redis.call('ZADD', KEYS[11], whole(base), incarnation) end

local function flush(command, key, values)
  if #values > 0 then redis.call(command, key, unpack(values)) end
end
local hasExpiry = redis.call('EXISTS', KEYS[5]) == 1
local metas, datas, dying, lasting = {}, {}, {}, {}
local function flushPuts()
  -- Only what is new is not yet in the index.
  if #metas > 0 and redis.call('HSET', KEYS[2], unpack(metas)) > 0 then
    local fields = {}
    for index = 1, #metas, 2 do
      fields[index], fields[index + 1] = 0, metas[index]
    end
    redis.call('ZADD', KEYS[4], unpack(fields))
  end
  flush('HSET', KEYS[3], datas)
  flush('ZADD', KEYS[5], dying)
  flush('ZREM', KEYS[5], lasting)
  metas, datas, dying, lasting = {}, {}, {}, {}
end
local updated = ' ' .. whole(time) .. ' '
local both = updated .. whole(time) .. ' '
local puts = number()
for index = 1, puts do
  local field, created, rest = ARGV[at + 1], ARGV[at + 3], ARGV[at + 4]
  local version = whole(base + ARGV[at + 2])
  local place = 2 * ((index - 1) % ${half}) + 1
  metas[place], datas[place] = field, field
  metas[place + 1] = version .. (created == '' and both or ' ' .. created .. updated) .. rest
  datas[place + 1] = ARGV[at + 5]
  at = at + 5
  if string.byte(rest) == 45 then
    if hasExpiry then lasting[#lasting + 1] = field end
  else
    dying[#dying + 1] = string.match(rest, '^%S+')
    dying[#dying + 1] = field
  end
  if index % ${half} == 0 then flushPuts() end
end
flushPuts()

local deletes = number()
for start = 1, deletes, ${chunk} do
  local last = math.min(deletes, start + ${chunk - 1})
  redis.call('HDEL', KEYS[2], unpack(ARGV, at + start, at + last))
  redis.call('HDEL', KEYS[3], unpack(ARGV, at + start, at + last))
  redis.call('ZREM', KEYS[4], unpack(ARGV, at + start, at + last))
  if hasExpiry then redis.call('ZREM', KEYS[5], unpack(ARGV, at + start, at + last)) end
end
at = at + deletes

for _ = 1, number() do
  local scope, addedEntries, addedBytes, offset = take(), number(), number(), take()
  local scopeEntries, scopeBytes, last, isKnown = statOf(scope)
  local had = scopeEntries
  scopeEntries, scopeBytes = scopeEntries + addedEntries, scopeBytes + addedBytes
  if offset ~= '' then last = math.max(last, base + tonumber(offset)) end
  redis.call('HSET', KEYS[6], scope, whole(scopeEntries) .. ' ' .. whole(scopeBytes) .. ' '
    .. whole(last))
  if scopeEntries == 0 then
    if had ~= 0 then redis.call('ZREM', KEYS[7], scope) end
    redis.call('ZADD', KEYS[8], whole(last), scope)
  elseif had == 0 then
    redis.call('ZADD', KEYS[7], 0, scope)
    if isKnown then redis.call('ZREM', KEYS[8], scope) end
  end
  if string.sub(scope, 1, 8) ~= '$ledger/' then
    entries, bytes = entries + addedEntries, bytes + addedBytes
  end
end
`;

const writeLog = `
local logBytes, trimmed = tonumber(head[7] or 0), tonumber(head[4] or 0)
local function addRow(last, start, at, tags, body)
  redis.call('ZADD', KEYS[9], whole(last), whole(last) .. ' ' .. start .. ' ' .. at .. ' '
    .. #body .. ' ' .. tags)
  redis.call('HSET', KEYS[10], whole(last), body)
  logBytes = logBytes + #body
end
if take() == '1' then
  local tags = take()
  addRow(base + revisions, whole(base + 1), whole(time), tags, take())
end
for _ = 1, number() do
  local last, body = number(), take()
  local row = redis.call('ZRANGEBYSCORE', KEYS[9], whole(last), whole(last))[1]
  if row then
    local start, moment, size, tags = string.match(row, '^%d+ (%d+) (%d+) (%d+) (.*)$')
    redis.call('ZREM', KEYS[9], row)
    logBytes = logBytes - tonumber(size)
    addRow(last, start, moment, tags, body)
  end
end

local through = take()
if through ~= '' then
  while true do
    local rows = redis.call('ZRANGEBYSCORE', KEYS[9], '-inf', through, 'LIMIT', 0, ${half})
    if #rows == 0 then break end
    local lasts = {}
    for _, row in ipairs(rows) do
      local last, size = string.match(row, '^(%d+) %d+ %d+ (%d+)')
      lasts[#lasts + 1] = last
      logBytes = logBytes - tonumber(size)
      trimmed = math.max(trimmed, tonumber(last))
    end
    redis.call('HDEL', KEYS[10], unpack(lasts))
    redis.call('ZREM', KEYS[9], unpack(rows))
  end
  -- A position at the trim point still stands: the incarnation that ends there is kept.
  local kept = redis.call('ZREVRANGEBYSCORE', KEYS[11], '(' .. whole(trimmed), '-inf',
    'WITHSCORES', 'LIMIT', 0, 1)[2]
  if kept then redis.call('ZREMRANGEBYSCORE', KEYS[11], '-inf', '(' .. kept) end
  local emptied = redis.call('ZRANGEBYSCORE', KEYS[8], '-inf', whole(trimmed))
  for start = 1, #emptied, ${chunk} do
    local last = math.min(#emptied, start + ${chunk - 1})
    redis.call('HDEL', KEYS[6], unpack(emptied, start, last))
    redis.call('ZREM', KEYS[8], unpack(emptied, start, last))
  end
  local stamps = redis.call('HGETALL', KEYS[12])
  for index = 1, #stamps, 2 do
    local kept = tonumber(string.match(stamps[index + 1], '^%d+ %S+ %S+ (%d+)'))
    if kept < now - ${stampKeptMs} then redis.call('HDEL', KEYS[12], stamps[index]) end
  end
end

local last = base + revisions
trimmed, entries, bytes, logBytes = whole(trimmed), whole(entries), whole(bytes), whole(logBytes)
redis.call('HSET', KEYS[1], 'incarnation', incarnation, 'revision', whole(last),
  'time', revisions > 0 and whole(time) or head[3] or '0', 'trimmed', trimmed,
  'entries', entries, 'bytes', bytes, 'logBytes', logBytes,
  'epoch', revisions > 0 and epoch or head[8] or '')
local channel, name = take(), take()
if revisions > 0 then redis.call('PUBLISH', channel, name) end
return {'applied', base, incarnation, time, now, countsOf(trimmed, entries, bytes, logBytes)}
`;

/** KEYS: all of a ledger's, in the order of `LedgerKeys`. ARGV: see `commit/arguments.ts`. */
export const applyDecision = script(judge + write + writeLog);

/**
 * KEYS: stamps. ARGV: now, member, sequence. What became of a call; one that was not applied is
 * fenced: the script that still carries its stamp will be refused.
 */
export const resolveStamp = script(`
local now, sequence = clock(ARGV[1]), tonumber(ARGV[3])
local stamp = redis.call('HGET', KEYS[1], ARGV[2])
if stamp then
  local last, base, time, incarnation = string.match(stamp, '^(%d+) (%S+) (%S+) %d+ (.*)$')
  if tonumber(last) > sequence then return {'passed', tonumber(last)} end
  if tonumber(last) == sequence then
    if base == '-' then return {'not-applied'} end
    return {'applied', tonumber(base), incarnation, tonumber(time)}
  end
end
redis.call('HSET', KEYS[1], ARGV[2], ARGV[3] .. ' - - ' .. whole(now) .. ' ')
return {'not-applied'}
`);
