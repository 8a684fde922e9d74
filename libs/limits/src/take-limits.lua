-- Takes from several limits at once: from all of them, or from none.
-- KEYS    one of each limit
-- ARGV    1 'take' or 'peek', then of each limit: kind, capacity, window (ms), cost, shift (ms), floor
-- RETURNS 0 where everything may be had, else the number of the limit that refuses longest, and how long until it would not (ms; -1: never)
-- Redis' own clock, so that all replicas share one. What seems to come from the future (the clock was set back) is forgotten.
-- Kinds:
--   sliding  at most `capacity` in any window: a sorted set of the moments of what was taken. For small capacities.
--   rate     capacity in a window on average, a whole window's worth at once (GCRA): the moment at which everything taken would be paid off
--   adaptive as rate, but of the capacity only what slow-limit.lua left, grown back by a tenth of it a minute since; not below `floor`
--   calendar a sum in windows that begin at multiples of the window since 1970, moved by `shift`: days of a time zone
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local isTaking = ARGV[1] == 'take'
local refusing, wait = 0, 0

local function refuse(index, ms)
  local longer = ms == -1 or (wait ~= -1 and ms > wait)
  if refusing == 0 or longer then refusing, wait = index, ms end
end

-- what slow-limit.lua left of an adaptive capacity, grown back since
local function capacityNow(key, capacity)
  local slow = redis.call('HMGET', key .. ':slow', 'capacity', 'at')
  if not slow[1] then return capacity end
  local minutes = math.max(0, now - tonumber(slow[2])) / 60000
  return math.min(capacity, tonumber(slow[1]) + minutes * capacity / 10)
end

local limits = {}
for index, key in ipairs(KEYS) do
  local at = 2 + (index - 1) * 6
  local kind = ARGV[at]
  local capacity, window, cost, shift = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4])
  local floor = tonumber(ARGV[at + 5])
  local limit = { kind = kind, window = window, cost = cost }
  if cost > capacity then -- also of an adaptive one: its full capacity counts
    refuse(index, -1)
  elseif kind == 'sliding' then
    redis.call('ZREMRANGEBYSCORE', key, '-inf', now - window)
    redis.call('ZREMRANGEBYSCORE', key, '(' .. now, '+inf')
    local excess = redis.call('ZCARD', key) + cost - capacity
    if excess > 0 then
      local last = redis.call('ZRANGE', key, excess - 1, excess - 1, 'WITHSCORES')
      refuse(index, math.max(1, tonumber(last[2]) + window - now))
    end
  elseif kind == 'rate' or kind == 'adaptive' then
    local isAdaptive = kind == 'adaptive'
    local each = window / (isAdaptive and math.max(floor, capacityNow(key, capacity)) or capacity)
    -- a rate below one in a window still grants one at a time
    local burst = math.max(window, cost * each)
    local paid = tonumber(redis.call('GET', key) or '0')
    if paid > now + (isAdaptive and math.max(burst, window / floor) or window) then paid = 0 end
    limit.paid = math.max(paid, now) + cost * each
    local ahead = limit.paid - now - burst
    if ahead > 0.001 then refuse(index, math.ceil(ahead)) end
  else
    local begin = now - (now + shift) % window
    limit.left = begin + window - now
    local held = redis.call('HMGET', key, 'begin', 'sum')
    limit.begin = begin
    limit.sum = (tonumber(held[1]) == begin and tonumber(held[2]) or 0) + cost
    if limit.sum > capacity then refuse(index, limit.left) end
  end
  limits[index] = limit
end
if refusing > 0 or not isTaking then return { refusing, wait } end

for index, key in ipairs(KEYS) do
  local limit = limits[index]
  if limit.kind == 'sliding' then
    local count = redis.call('INCRBY', key .. ':n', limit.cost)
    for one = 1, limit.cost do redis.call('ZADD', key, now, count - one) end
    redis.call('PEXPIRE', key, limit.window)
    redis.call('PEXPIRE', key .. ':n', limit.window + 60000)
  elseif limit.kind == 'rate' or limit.kind == 'adaptive' then
    redis.call('SET', key, string.format('%.3f', limit.paid), 'PX', math.ceil(limit.paid - now))
  else
    redis.call('HSET', key, 'begin', string.format('%.0f', limit.begin), 'sum', string.format('%.6f', limit.sum))
    redis.call('PEXPIRE', key, limit.left)
  end
end
return { 0, 0 }
