-- Gives entries back that were taken but not handled: the next one who reclaims gets them at once, and the hand-over does not count.
-- Leaves alone what was given to another consumer meanwhile.
-- KEYS    1 stream
-- ARGV    1 group, 2 consumer, 3 idle time to pretend (ms), then pairs: entry id, attempts made so far
-- RETURNS how many were given back
local given = 0
for i = 4, #ARGV, 2 do
  local id = ARGV[i]
  local mine = redis.call('XPENDING', KEYS[1], ARGV[1], id, id, 1, ARGV[2])
  if mine[1] then
    redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, id, 'IDLE', ARGV[3], 'RETRYCOUNT', ARGV[i + 1], 'JUSTID')
    given = given + 1
  end
end
return given
