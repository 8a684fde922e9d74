-- Makes the consumer group of a subscription, so that it begins after what the subscription has settled.
-- KEYS    1 stream, 2 head
-- ARGV    1 group, 2 last settled offset
-- RETURNS 'ok' (also when it was there); 'missing' when the stream has to be rebuilt first;
--         the oldest offset in the stream, when it no longer has all that follows the settled one (then nothing is made)
local head = redis.call('GET', KEYS[2])
if not head then return 'missing' end
local oldest = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
local available = oldest and tonumber(string.match(oldest[1], '^(%d+)')) or tonumber(head) + 1
local settled = tonumber(ARGV[2])
if available > settled + 1 then return string.format('%.0f', available) end
local made = redis.pcall('XGROUP', 'CREATE', KEYS[1], ARGV[1], string.format('%.0f-0', settled), 'MKSTREAM')
if type(made) == 'table' and made.err and not string.find(made.err, 'BUSYGROUP') then return redis.error_reply(made.err) end
return 'ok'
