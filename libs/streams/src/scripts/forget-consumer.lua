-- Removes consumers that have nothing pending. (Removing one with pending entries would make those unreachable.)
-- KEYS    1 stream
-- ARGV    1 group, 2 consumer ('' : all), 3 least idle time (ms)
-- RETURNS how many were removed
local removed = 0
for _, row in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local it = {}
  for i = 1, #row, 2 do it[row[i]] = row[i + 1] end
  if (ARGV[2] == '' or it['name'] == ARGV[2]) and it['pending'] == 0 and it['idle'] >= tonumber(ARGV[3]) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], it['name'])
    removed = removed + 1
  end
end
return removed
