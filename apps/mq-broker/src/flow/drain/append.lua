-- Appends messages to the stream of a partition, but only what directly follows what was appended before:
-- so any replica may drain any partition, twice the same appends nothing, and a gap is never skipped.
-- KEYS    1 stream, 2 head (the last offset that was ever appended; it survives trimming, and is lost only with the stream)
-- ARGV    1 offset of the first message, then event, headers, data of each message; offsets follow each other
-- RETURNS the offset that is expected next; -1 when the stream is not there and has to be rebuilt
local head = redis.call('GET', KEYS[2])
if not head then return -1 end
local expected = tonumber(head) + 1
local offset = tonumber(ARGV[1])
for at = 2, #ARGV, 3 do
  if offset == expected then
    redis.call('XADD', KEYS[1], string.format('%.0f-0', offset), 'event', ARGV[at], 'headers', ARGV[at + 1], 'data', ARGV[at + 2])
    expected = expected + 1
  end
  offset = offset + 1
end
redis.call('SET', KEYS[2], string.format('%.0f', expected - 1))
return expected
