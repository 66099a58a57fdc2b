-- `Counter` of record/throttle.rs, in one step. KEYS are the counters; ARGV is the present second, then for each counter its free attempts, base delay, longest
-- delay and window. A counter is "ATTEMPTS LAST". Answers the wait in seconds; at 0 the attempt is counted on every key.
local now = tonumber(ARGV[1])
local attempts, wait = {}, 0

local function count(index, number)
    local window = tonumber(ARGV[4 * index + 1])
    redis.call('SET', KEYS[index], string.format('%.0f %.0f', number, now), 'EX', math.max(window, 1))
end

for index, key in ipairs(KEYS) do
    local free, base, longest, window = unpack(ARGV, 4 * index - 2, 4 * index + 1)
    local number, last = 0, now
    local stored = redis.call('GET', key)
    if stored then
        local a, b = string.match(stored, '^(%d+) (%d+)$')
        if a and now < tonumber(b) + tonumber(window) then
            number, last = tonumber(a), tonumber(b)
        end
    end
    if last > now then
        -- The clock went back: the delay begins anew from here, or the wait would last as long as the jump.
        last = now
        count(index, number)
    end
    local beyond = number - tonumber(free)
    if number > 0 and beyond >= 0 then
        local delay = math.min(tonumber(base) * 2 ^ math.min(beyond, 63), tonumber(longest))
        wait = math.max(wait, last + delay - now)
    end
    attempts[index] = number
end

if wait == 0 then
    for index in ipairs(KEYS) do
        count(index, attempts[index] + 1)
    end
end
return wait
