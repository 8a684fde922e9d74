-- Takes over entries whose consumer has not been heard of for a while.
-- KEYS    1 stream
-- ARGV    1 group, 2 new consumer, 3 least idle time (ms), 4 most entries, 5 scan from this id
-- RETURNS [next id to scan from ('' at the end), {id, deliveries so far, field, value, …} …]
--         Entries that were trimmed away leave the pending list here (XCLAIM drops them).
local pending = redis.call('XPENDING', KEYS[1], ARGV[1], 'IDLE', ARGV[3], ARGV[5], '+', ARGV[4])
local taken = {#pending == tonumber(ARGV[4]) and '(' .. pending[#pending][1] or ''}
for _, it in ipairs(pending) do
  local claimed = redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], ARGV[3], it[1])
  if claimed[1] then
    local row = {it[1], it[4]}
    for _, value in ipairs(claimed[1][2]) do row[#row + 1] = value end
    taken[#taken + 1] = row
  end
end
return taken
