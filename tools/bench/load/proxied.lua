-- Requests with many credentials.
-- wrk … proxied.lua URL -- CREDENTIALS METHOD PATH BYTES CONNECTION
--   BYTES: of the request's body
--   CONNECTION: "keep-alive", or "close" for a connection for each request

function init(arguments)
    local body = string.rep("x", tonumber(arguments[4]))
    local headers = { ["Accept"] = "application/json", ["Connection"] = arguments[5] }
    if body ~= "" then headers["Content-Type"] = "application/octet-stream" else body = nil end
    requests, next_request = {}, 0
    for number = 1, tonumber(arguments[1]) do
        headers["Authorization"] = string.format("Bearer lms_dev_bench%037d0", number)
        requests[number] = wrk.format(arguments[2], arguments[3], headers, body)
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
