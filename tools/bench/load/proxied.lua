-- GETs with many credentials.
-- wrk … proxied.lua URL -- CREDENTIALS PAUSE
--   PAUSE: milliseconds that a connection rests before a request, on average; 0 for none

function init(arguments)
    requests, next_request = {}, 0
    for number = 1, tonumber(arguments[1]) do
        requests[number] = wrk.format("GET", "/api/v1/devices",
            { ["Authorization"] = string.format("Bearer lms_dev_bench%035d", number), ["Accept"] = "application/json" })
    end
    local pause = tonumber(arguments[2])
    if pause > 0 then
        function delay() return math.random(0, 2 * pause) end
    end
end

function request()
    next_request = next_request % #requests + 1
    return requests[next_request]
end

function done(summary, latency)
    local errors = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
    print(string.format('{"seconds":%f,"answered":%d,"refused":%d,"errors":%d,"p50_ms":%f,"p99_ms":%f}',
        summary.duration / 1e6, summary.requests, summary.errors.status, errors,
        latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
