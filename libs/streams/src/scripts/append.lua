-- Appends a batch to a stream, once.
-- A batch is sent again when its answer was lost; it is recognised by the producer's sequence number.
-- An entry with a message id of its own is recognised by that id, whoever sends it, within the window.
-- KEYS    1 stream, 2 producer key, 3.. deduplication keys
-- ARGV    1 sequence of the batch, 2 life of the producer key (ms), 3 deduplication window (ms),
--         then runs of entries with the same field names (names are many times shorter said once): number of entries, number of names,
--         the names, then per entry: index into KEYS of its deduplication key (0: none), the values
-- RETURNS the entry ids, in order, with a space between (of a duplicate message id: the id it was first stored under), also when this
--         very batch was stored before; an empty text when a later batch of the producer was stored already
local sequence = tonumber(ARGV[1])
local stored = redis.call('GET', KEYS[2])
if stored then
  local last = tonumber(string.match(stored, '^%d+'))
  if sequence < last then return '' end
  if sequence == last then return string.match(stored, ' (.*)$') end
end

local ids = {}
local at = 4
while ARGV[at] do
  local entries, names = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
  local fields = {}
  for i = 1, names do fields[2 * i - 1] = ARGV[at + 1 + i] end
  at = at + 2 + names
  for _ = 1, entries do
    local dedup = tonumber(ARGV[at])
    local id = dedup > 0 and redis.call('GET', KEYS[dedup])
    if not id then
      for i = 1, names do fields[2 * i] = ARGV[at + i] end
      id = redis.call('XADD', KEYS[1], '*', unpack(fields))
      if dedup > 0 then redis.call('SET', KEYS[dedup], id, 'PX', ARGV[3]) end
    end
    ids[#ids + 1] = id
    at = at + 1 + names
  end
end
local all = table.concat(ids, ' ')
redis.call('SET', KEYS[2], ARGV[1] .. ' ' .. all, 'PX', ARGV[2])
return all
