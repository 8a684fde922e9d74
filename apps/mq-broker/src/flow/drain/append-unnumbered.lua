-- Appends messages of a topic with durability `stream`: they get their offsets here.
-- KEYS    1 stream, 2 head, then for each message the key that remembers its id (any key where it needs none)
-- ARGV    for each message: how long its id is remembered in ms (0: not at all), then event, headers, data
-- RETURNS for each message its offset, negative when a message with this id was appended before; -1 alone when the stream has to be rebuilt
local head = redis.call('GET', KEYS[2])
if not head then return -1 end
local offset = tonumber(head)
local answer = {}
for nth = 1, #KEYS - 2 do
  local at = (nth - 1) * 4 + 1
  local window = tonumber(ARGV[at])
  local known = window > 0 and redis.call('GET', KEYS[nth + 2])
  if known then
    answer[nth] = -tonumber(known)
  else
    offset = offset + 1
    local id = string.format('%.0f', offset)
    redis.call('XADD', KEYS[1], id .. '-0', 'event', ARGV[at + 1], 'headers', ARGV[at + 2], 'data', ARGV[at + 3])
    if window > 0 then redis.call('SET', KEYS[nth + 2], id, 'PX', window) end
    answer[nth] = offset
  end
end
redis.call('SET', KEYS[2], string.format('%.0f', offset))
return answer
