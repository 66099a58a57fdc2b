-- KEYS are counters, of which the first ARGV[1] are forgotten; each of the others gets one attempt back, never below none.
for index, key in ipairs(KEYS) do
    if index <= tonumber(ARGV[1]) then
        redis.call('DEL', key)
    else
        local stored = redis.call('GET', key)
        local number, last = string.match(stored or '', '^(%d+) (%d+)$')
        if number and tonumber(number) > 0 then
            redis.call('SET', key, string.format('%.0f %s', tonumber(number) - 1, last), 'KEEPTTL')
        end
    end
end
return 0
