-- Takes permits to publish from a tenant's rate (GCRA): the key holds the moment at which everything taken so far would be paid off.
-- One key for all replicas and Redis' own clock, so that they share one rate.
-- KEYS    1 rate of the tenant
-- ARGV    1 permits a second, 2 least that is of use, 3 most that is wanted, 4 most that any call may want as its least
-- RETURNS how many were taken, how many could be had now, how long until the least can be had (ms)
-- A full second of unused permits may be kept. Who wants more at once than that may take them when the second is full, and all wait for it after.
local rate, least, most, largest = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local each = 1000000 / rate
local paid = tonumber(redis.call('GET', KEYS[1]) or '0')
-- further ahead than anybody can have taken: the clock was set back
if paid > now + 1000000 + largest * each then paid = 0 end
paid = math.max(paid, now)
-- half a microsecond of each makes up for what rounding took away
local free = math.floor((now + 1000000 - paid) / each + 0.5 / each)
local needed = math.min(least, math.floor(rate))
if free < needed then return { 0, math.max(free, 0), math.ceil((needed * each - (now + 1000000 - paid)) / 1000) } end
local taken = math.max(least, math.min(free, most))
paid = paid + taken * each
redis.call('SET', KEYS[1], string.format('%.0f', paid), 'PX', math.ceil((paid - now) / 1000))
return { taken, free, 0 }
