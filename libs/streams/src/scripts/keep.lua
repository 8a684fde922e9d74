-- Tells Redis that the entries are still being handled, unless they were given to another consumer meanwhile.
-- KEYS    1 stream
-- ARGV    1 group, 2 consumer, 3 idle time to set (0 keeps, the length of a lease gives back), then pairs: entry id, attempts made so far
-- RETURNS the ids that are no longer this consumer's
local lost = {}
for i = 4, #ARGV, 2 do
  local id = ARGV[i]
  local mine = redis.call('XPENDING', KEYS[1], ARGV[1], id, id, 1, ARGV[2])
  if mine[1] then
    redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, id, 'IDLE', ARGV[3], 'RETRYCOUNT', ARGV[i + 1], 'JUSTID')
  else
    lost[#lost + 1] = id
  end
end
return lost
