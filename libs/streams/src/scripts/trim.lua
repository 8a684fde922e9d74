-- Trims a stream, but never what some group has not acknowledged.
-- KEYS    1 stream
-- ARGV    1 keep at least the entries from this id on ('' : no limit by age), 2 keep at most so many entries ('' : any number),
--         3 '~' or '=', 4 most entries to look at in one call
-- RETURNS [number removed, 1 when another call may remove more]
local function parts(id)
  local ms, seq = string.match(id, '^(%d+)%-(%d+)$')
  return tonumber(ms), tonumber(seq)
end
local function before(a, b)
  local ams, aseq = parts(a)
  local bms, bseq = parts(b)
  return ams < bms or (ams == bms and aseq < bseq)
end
local function after(id)
  local ms, seq = string.match(id, '^(%d+)%-(%d+)$')
  return ms .. '-' .. string.format('%d', tonumber(seq) + 1)
end

if redis.call('EXISTS', KEYS[1]) == 0 then return {0, 0} end
local floor = nil
for _, group in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  local named = {}
  for i = 1, #group, 2 do named[group[i]] = group[i + 1] end
  local settled = after(named['last-delivered-id'])
  if named['pending'] > 0 then settled = redis.call('XPENDING', KEYS[1], named['name'])[2] end
  if not floor or before(settled, floor) then floor = settled end
end

local removed, more = 0, 0
local look = tonumber(ARGV[4])

-- Removes the oldest `count` entries, or those before `id`; no more than `look` of them in this call.
local function cut(count, id)
  if count <= 0 then return end
  local oldest = redis.call('XRANGE', KEYS[1], '-', id and '(' .. id or '+', 'COUNT', math.min(count, look))
  if not oldest[1] then return end
  local first_kept = after(oldest[#oldest][1])
  if floor and before(floor, first_kept) then first_kept = floor end
  local cut_now = redis.call('XTRIM', KEYS[1], 'MINID', ARGV[3], first_kept)
  removed = removed + cut_now
  if #oldest == look and cut_now > 0 then more = 1 end
end
if ARGV[1] ~= '' then cut(look, ARGV[1]) end
if ARGV[2] ~= '' then cut(redis.call('XLEN', KEYS[1]) - tonumber(ARGV[2])) end
return {removed, more}
