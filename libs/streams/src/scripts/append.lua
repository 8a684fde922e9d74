-- Appends a batch to a stream, once.
-- A batch is sent again when its answer was lost; it is recognised by the producer's sequence number.
-- An entry with a message id of its own is recognised by that id, whoever sends it, within the window.
-- KEYS    1 stream, 2 producer key, 3.. deduplication keys
-- ARGV    1 sequence of the batch, 2 life of the producer key (ms), 3 deduplication window (ms),
--         then per entry: index into KEYS of its deduplication key (0: none), number of field arguments, the fields
-- RETURNS the entry ids, in order (of a duplicate message id: the id it was first stored under), also when this very batch
--         was stored before; an empty list when a later batch of the producer was stored already
local sequence = tonumber(ARGV[1])
local stored = redis.call('GET', KEYS[2])
if stored then
  local last = tonumber(string.match(stored, '^%d+'))
  if sequence <= last then
    local known = {}
    if sequence == last then
      for id in string.gmatch(stored, ' (%S+)') do known[#known + 1] = id end
    end
    return known
  end
end

local ids = {}
local at = 4
while ARGV[at] do
  local dedup = tonumber(ARGV[at])
  local count = tonumber(ARGV[at + 1])
  local known = dedup > 0 and redis.call('GET', KEYS[dedup])
  if known then
    ids[#ids + 1] = known
  else
    local id = redis.call('XADD', KEYS[1], '*', unpack(ARGV, at + 2, at + 1 + count))
    if dedup > 0 then redis.call('SET', KEYS[dedup], id, 'PX', ARGV[3]) end
    ids[#ids + 1] = id
  end
  at = at + 2 + count
end
redis.call('SET', KEYS[2], ARGV[1] .. ' ' .. table.concat(ids, ' '), 'PX', ARGV[2])
return ids
