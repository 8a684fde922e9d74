-- A replica says that it lives; those that were not heard of for a while are forgotten. Redis' clock decides, so replicas' clocks may differ.
-- KEYS[1] sorted set: instance -> when it was heard of last, ms since 1970
-- ARGV[1] the instance that lives
-- ARGV[2] after how many ms of silence a replica counts as gone
-- returns the instances that live, this one among them
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
return redis.call('ZRANGE', KEYS[1], 0, -1)
