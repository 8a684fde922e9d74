-- Appends one entry under an id chosen by the caller, once however often it is sent.
-- KEYS    1 stream
-- ARGV    1 entry id (ms-seq), 2 name of a field whose value may differ when it is sent again (the time of sending), then the fields
-- RETURNS the id, also when this very entry is there already;
--         false when the id belongs to another entry or is not greater than the last one of the stream
local function compare(a, b)
  if #a ~= #b then return #a - #b end
  return a < b and -1 or (a > b and 1 or 0)
end

local there = redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1])[1]
if there then
  local fields = there[2]
  if #fields ~= #ARGV - 2 then return false end
  for i = 1, #fields, 2 do
    if fields[i] ~= ARGV[i + 2] then return false end
    if fields[i] ~= ARGV[2] and fields[i + 1] ~= ARGV[i + 3] then return false end
  end
  return there[1]
end

if redis.call('EXISTS', KEYS[1]) == 1 then
  local named = {}
  local info = redis.call('XINFO', 'STREAM', KEYS[1])
  for i = 1, #info, 2 do named[info[i]] = info[i + 1] end
  local ms, seq = string.match(ARGV[1], '^(%d+)%-(%d+)$')
  local last_ms, last_seq = string.match(named['last-generated-id'], '^(%d+)%-(%d+)$')
  local order = compare(ms, last_ms)
  if order < 0 or (order == 0 and compare(seq, last_seq) <= 0) then return false end
end
return redis.call('XADD', KEYS[1], ARGV[1], unpack(ARGV, 3))
