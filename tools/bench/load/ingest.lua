-- POSTs readings of many devices; no two have the same device, sensor and time.
-- wrk … ingest.lua URL -- FILE READINGS FIRST CONNECTION
--   FILE: a device a line, its id and its key
--   READINGS: how many in a request
--   FIRST: the second of the first reading, since 1970; each round of all devices takes the next milliseconds
--   CONNECTION: keep-alive, or close for a new connection for each request

local sensors = {
    { "temperature", "°C" }, { "humidity", "%" }, { "pressure", "hPa" }, { "co2", "ppm" }, { "tvoc", "ppb" },
    { "noise", "dB" }, { "illuminance", "lx" }, { "vibration", "mm/s" }, { "flow", "L/min" }, { "door_current", "mA" },
}
local threads = {}

function setup(thread)
    table.insert(threads, thread)
end

function init(arguments)
    devices = {}
    for line in io.lines(arguments[1]) do
        local id, key = line:match("(%S+) (%S+)")
        table.insert(devices, {
            path = "/api/v1/devices/" .. id .. "/readings",
            headers = {
                ["Authorization"] = "Bearer " .. key, ["Content-Type"] = "application/json",
                ["Connection"] = arguments[4],
            },
        })
    end
    readings, first = tonumber(arguments[2]), tonumber(arguments[3])
    times = math.ceil(readings / #sensors)
    sent, answered, accepted, duplicates, refused = 0, 0, 0, 0, 0
    math.randomseed(first)
end

-- RFC 3339; the part down to the second is made once a second.
local second, prefix
local function timestamp(millisecond)
    local whole = math.floor(millisecond / 1000)
    if whole ~= second then
        second, prefix = whole, os.date("!%Y-%m-%dT%H:%M:%S", first + whole)
    end
    return string.format("%s.%03dZ", prefix, millisecond % 1000)
end

local parts = {}
function request()
    local device = devices[sent % #devices + 1]
    local round = math.floor(sent / #devices)
    for index = 0, readings - 1 do
        local sensor = sensors[(sent + index) % #sensors + 1]
        local time = timestamp(round * times + math.floor(index / #sensors))
        parts[index + 1] = string.format('{"sensor_type":"%s","value":%.2f,"unit":"%s","timestamp":"%s"}',
            sensor[1], 10 + 80 * math.random(), sensor[2], time)
    end
    sent = sent + 1
    return wrk.format("POST", device.path, device.headers, '{"readings":[' .. table.concat(parts, ",") .. "]}")
end

function response(status, headers, body)
    answered = answered + 1
    if status == 201 then
        accepted = accepted + tonumber(body:match('"accepted":(%d+)'))
        duplicates = duplicates + tonumber(body:match('"duplicates":(%d+)'))
    else
        refused = refused + 1
        if refused == 1 then io.stderr:write("first refusal: ", status, " ", body, "\n") end
    end
end

function done(summary, latency)
    local total = { answered = 0, accepted = 0, duplicates = 0, refused = 0 }
    for _, thread in ipairs(threads) do
        for name in pairs(total) do total[name] = total[name] + thread:get(name) end
    end
    local errors = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
    print(string.format(
        '{"seconds":%f,"answered":%d,"accepted":%d,"duplicates":%d,"refused":%d,"errors":%d,"p50_ms":%f,"p99_ms":%f}',
        summary.duration / 1e6, total.answered, total.accepted, total.duplicates, total.refused, errors,
        latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
