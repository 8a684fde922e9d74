-- Passes over offsets whose messages do not exist any more, so that what follows can be appended.
-- KEYS    1 head
-- ARGV    1 the head that the caller knows, 2 the new one
-- RETURNS 1 when it was moved
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1
