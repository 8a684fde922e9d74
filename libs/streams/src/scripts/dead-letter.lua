-- Moves an entry that was given up from the pending list of a group to its dead letters, in one step.
-- Refused when the entry was given to another consumer meanwhile.
-- KEYS    1 stream, 2 dead-letter stream
-- ARGV    1 group, 2 consumer, 3 entry id, then fields to add (reason, trail …)
-- RETURNS id of the dead letter, or false when the entry is not this consumer's
local mine = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[3], ARGV[3], 1, ARGV[2])
if not mine[1] then return false end
local entry = redis.call('XRANGE', KEYS[1], ARGV[3], ARGV[3])
local fields = entry[1] and entry[1][2] or {}
for i = 4, #ARGV do fields[#fields + 1] = ARGV[i] end
local dead = redis.call('XADD', KEYS[2], '*', unpack(fields))
redis.call('XACK', KEYS[1], ARGV[1], ARGV[3])
return dead
