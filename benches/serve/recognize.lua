-- One sketch, again and again; BODY names its file, DELAY the milliseconds that each connection waits
-- before it asks again.
local file = assert(io.open(os.getenv("BODY"), "rb"))
wrk.method = "POST"
wrk.body = file:read("*a")
file:close()
wrk.headers["Content-Type"] = os.getenv("MEDIA") or "application/json"

local pause = tonumber(os.getenv("DELAY") or "0")
if pause > 0 then
   function delay() return pause end
end

function done(summary, latency, requests)
   local seconds = summary.duration / 1e6
   local errors = summary.errors
   io.write(string.format("answers=%d per_s=%.0f p50=%.2f p99=%.2f max=%.2f refused=%d broken=%d\n",
      summary.requests, summary.requests / seconds,
      latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, latency.max / 1e3,
      errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
