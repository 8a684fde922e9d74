-- Gives up one's own lease; another's is left alone.
-- KEYS    1 lease
-- ARGV    1 holder
-- RETURNS 1 when it was given up
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
