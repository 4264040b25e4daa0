-- What wrk sends: the requests of a file, in order. `again` begins anew after the last; without it the run ends
-- there, and its own clock says how long it took.
local ffi = require("ffi")
ffi.cdef([[
typedef struct { long seconds; long nanoseconds; } bench_time;
int clock_gettime(int clock, bench_time *now);
]])
local now = ffi.new("bench_time")
local threads = {}

function setup(thread)
   table.insert(threads, thread)
end

function init(args)
   local file = io.open(args[1], "rb")
   again = args[2] == "again"
   requests = {}
   while true do
      local length = file:read("*l")
      if not length then break end
      table.insert(requests, file:read(tonumber(length)))
   end
   file:close()
   sent, started, ended, asked = 0, 0, 0, false
end

function clock()
   ffi.C.clock_gettime(1, now)
   return tonumber(now.seconds) + tonumber(now.nanoseconds) / 1e9
end

function request()
   if not asked then -- wrk looks at one request before it begins, and does not send it
      asked = true
      return requests[1]
   end
   if sent == 0 then started = clock() end
   if sent == #requests then
      if again then
         sent = 0
      elseif ended == 0 then
         ended = clock()
         wrk.thread:stop()
      end
   end
   if ended > 0 then return requests[1] end
   sent = sent + 1
   return requests[sent]
end

function done(summary, latency, all)
   local thread = threads[1]
   local ended = thread:get("ended")
   local seconds = summary.duration / 1e6
   if ended > 0 then seconds = ended - thread:get("started") end
   local errors = summary.errors
   local wrong = errors.connect + errors.read + errors.write + errors.status + errors.timeout
   io.write(string.format("\nRUN %d %.6f %.6f %.6f %d %d\n", summary.requests, seconds,
      latency:percentile(50) / 1000, latency:percentile(99) / 1000, summary.bytes, wrong))
end
