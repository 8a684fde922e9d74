-- How a subscription stands in the stream of one partition.
-- KEYS[1] the stream
-- ARGV[1] the consumer group
-- ARGV[2] up to which offset everything is settled
-- returns {given to a consumer and not settled (0 where the group is missing), event of the oldest entry after that offset (or false)}
local pending = redis.pcall('XPENDING', KEYS[1], ARGV[1])
local given = 0
if not pending.err then given = pending[1] end
local entries = redis.pcall('XRANGE', KEYS[1], '(' .. ARGV[2] .. '-0', '+', 'COUNT', 1)
local event = false
if not entries.err and entries[1] then
  local fields = entries[1][2]
  -- the payload stays here: it may be large
  for at = 1, #fields, 2 do
    if fields[at] == 'event' then event = fields[at + 1] end
  end
end
return {given, event}
