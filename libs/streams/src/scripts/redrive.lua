-- Puts a dead letter back into the stream that it came from, for the group that gave it up, in one step.
-- KEYS    1 dead-letter stream, 2 stream
-- ARGV    1 id of the dead letter, 2 name of the field that names the only group, 3 group,
--         4 name of the field that counts redrives, 5 prefix of the fields that only a dead letter has
-- RETURNS the new entry id, or false when there is no such dead letter
local dead = redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1])
if not dead[1] then return false end
local old = dead[1][2]
local fields = {}
local redrives = 0
for i = 1, #old, 2 do
  if old[i] == ARGV[4] then
    redrives = tonumber(old[i + 1])
  elseif old[i] ~= ARGV[2] and string.sub(old[i], 1, #ARGV[5]) ~= ARGV[5] then
    fields[#fields + 1] = old[i]
    fields[#fields + 1] = old[i + 1]
  end
end
local id = redis.call('XADD', KEYS[2], '*', ARGV[2], ARGV[3], ARGV[4], redrives + 1, unpack(fields))
redis.call('XDEL', KEYS[1], ARGV[1])
return id
