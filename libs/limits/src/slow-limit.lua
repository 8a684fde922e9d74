-- Halves what an adaptive limit grants now, because whoever it protects asked for less.
-- KEYS    1 the limit
-- ARGV    1 its full capacity, 2 floor: what it never falls below, 3 ms within which further calls change nothing
-- RETURNS the capacity that is left, as text
-- Many mails that are deferred at once are one request to slow down, not many: within the pause it is halved once.
-- State: <key>:slow holds capacity and moment of the last halving; the growth since is added by whoever reads. Gone when grown back.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local full, floor, pause = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local key = KEYS[1] .. ':slow'
local slow = redis.call('HMGET', key, 'capacity', 'at')
local left = full
if slow[1] then
  local age = now - tonumber(slow[2])
  if age >= 0 and age < pause then return slow[1] end
  left = math.min(full, tonumber(slow[1]) + math.max(0, age) / 60000 * full / 10)
end
local halved = string.format('%.6f', math.max(floor, left / 2))
redis.call('HSET', key, 'capacity', halved, 'at', string.format('%.0f', now))
-- from nothing it is full again after ten minutes
redis.call('PEXPIRE', key, 660000)
return halved
