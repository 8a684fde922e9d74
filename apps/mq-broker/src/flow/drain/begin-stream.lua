-- Begins the stream of a partition that is new, or that Redis lost: the next message to be appended is the one after `base`.
-- KEYS    1 stream, 2 head
-- ARGV    1 base: the offset before the first one that some subscription has not settled
-- RETURNS 1 when it was begun, 0 when it is there already (another replica was first)
if redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
-- a stream without its head is what is left of something half restored
redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[2], ARGV[1])
return 1
