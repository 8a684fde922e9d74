-- Settles entries of a group, but only those that this consumer still has: a slow one cannot settle what was given to another.
-- KEYS    1 stream
-- ARGV    1 group, 2 consumer, then entry ids
-- RETURNS the ids that were not settled
local refused = {}
local mine = {}
for at = 3, #ARGV do
  local pending = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[at], ARGV[at], 1)[1]
  if pending and pending[2] == ARGV[2] then mine[#mine + 1] = ARGV[at] else refused[#refused + 1] = ARGV[at] end
end
for from = 1, #mine, 1000 do
  redis.call('XACK', KEYS[1], ARGV[1], unpack(mine, from, math.min(from + 999, #mine)))
end
return refused
