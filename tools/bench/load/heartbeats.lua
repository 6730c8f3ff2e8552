-- POSTs heartbeats of many devices in turn, so many a second.
-- wrk … heartbeats.lua URL -- FILE RATE
--   FILE: a device a line, its id and its key
--   RATE: heartbeats a second; what is late is caught up with

local ffi = require("ffi")
ffi.cdef [[
    typedef struct { long seconds; long nanoseconds; } time_of_day;
    int clock_gettime(int clock, time_of_day *time);
]]
local CLOCK_MONOTONIC = 1
local time = ffi.new("time_of_day")

local function milliseconds()
    ffi.C.clock_gettime(CLOCK_MONOTONIC, time)
    return tonumber(time.seconds) * 1000 + tonumber(time.nanoseconds) / 1e6
end

function init(arguments)
    requests, sent, planned = {}, 0, 0
    for line in io.lines(arguments[1]) do
        local id, key = line:match("(%S+) (%S+)")
        table.insert(requests, wrk.format("POST", "/api/v1/devices/" .. id .. "/heartbeat",
            { ["Authorization"] = "Bearer " .. key, ["Content-Type"] = "application/json" },
            '{"firmware_version":"1.4.2","uptime_s":86400,"battery_level":80,"wifi_signal_strength":-61}'))
    end
    interval = 1000 / tonumber(arguments[2])
end

-- How long a connection rests before its next request: until that one's turn.
function delay()
    first = first or milliseconds()
    planned = planned + 1
    return math.max(0, math.floor(first + planned * interval - milliseconds()))
end

function request()
    sent = sent + 1
    return requests[sent % #requests + 1]
end

function done(summary, latency)
    local errors = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
    print(string.format('{"seconds":%f,"answered":%d,"refused":%d,"errors":%d,"p50_ms":%f,"p99_ms":%f}',
        summary.duration / 1e6, summary.requests, summary.errors.status, errors,
        latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
