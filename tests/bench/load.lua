-- load.lua: what wrk sends. BODIES: a file of request bodies, one a line, shared out over the threads; ONCE=1: each is
-- sent once, and the measurement ends with them. NEXT=1: the answer's refresh_token becomes a later body (rotation).
-- PATHS=1: the lines of BODIES are paths to be got, each with its Cookie header behind a tab. AUTH: an Authorization header. Prints one JSON line; its seconds are those in which there was something to send.
local ffi = require("ffi")
ffi.cdef [[ typedef struct { long s, us; } lanyard_time; int gettimeofday(lanyard_time *, void *); ]]
local clock = ffi.new("lanyard_time")

local function now()
	ffi.C.gettimeofday(clock, nil)
	return tonumber(clock.s) + tonumber(clock.us) / 1e6
end

local bodies, at = {}, 0
local threads = {}
local template = os.getenv("TEMPLATE")
local once, follows, paths = os.getenv("ONCE"), os.getenv("NEXT"), os.getenv("PATHS")

function setup(thread)
	thread:set("number", #threads)
	threads[#threads + 1] = thread
end

function init(args)
	local file, total = os.getenv("BODIES"), tonumber(os.getenv("THREADS") or "1")
	if file then
		local all = {}
		for line in io.lines(file) do all[#all + 1] = line end
		for n, line in ipairs(all) do
			if #all < total or n % total == number then bodies[#bodies + 1] = line end
		end
		if not paths then wrk.headers["Content-Type"] = "application/x-www-form-urlencoded" end
	end
	wrk.method = os.getenv("METHOD") or "GET"
	if os.getenv("AUTH") then wrk.headers["Authorization"] = os.getenv("AUTH") end
	answered, last = 0, 0
end

local prepared, first = nil, 1

local function next_once()
	local body = bodies[first]
	if not body then
		wrk.thread:stop()
		return wrk.format("GET", "/.well-known/openid-configuration")
	end
	bodies[first] = false
	first = first + 1
	if paths then
		local path, cookie = string.match(body, "^(%S+)\t(.+)$")
		wrk.headers["Cookie"] = cookie
		return wrk.format("GET", path)
	end
	return wrk.format(nil, nil, nil, body)
end

function request()
	began = began or now()
	if once then return next_once() end
	if #bodies <= 1 then
		prepared = prepared or wrk.format(nil, nil, nil, bodies[1])
		return prepared
	end
	at = at % #bodies + 1
	return wrk.format(nil, nil, nil, bodies[at])
end

local function encoded(token)
	return (string.gsub(token, "[^%w%-_.~]", function(c) return string.format("%%%02X", string.byte(c)) end))
end

-- A function of this name makes wrk read every answer into Lua: only where it is needed.
if once then
	function response(status, headers, body)
		answered, last = answered + 1, now()
		local token = follows and string.match(body, '"refresh_token"%s*:%s*"([^"]+)"')
		if token then bodies[#bodies + 1] = string.gsub(template, "@", (encoded(token))) end
	end
end

function done(summary, latency, requests)
	local count, seconds = summary.requests, summary.duration / 1e6
	if once then
		local from, to = math.huge, 0
		count = 0
		for _, thread in ipairs(threads) do
			count = count + thread:get("answered")
			from, to = math.min(from, thread:get("began")), math.max(to, thread:get("last"))
		end
		seconds = to - from
	end
	local errors = summary.errors
	io.write(string.format('{"requests":%d,"seconds":%.3f,"errors":%d,"p50":%d,"p99":%d}\n', count, seconds,
		errors.status + errors.connect + errors.read + errors.write + errors.timeout, latency:percentile(50), latency:percentile(99)))
end
