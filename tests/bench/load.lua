-- load.lua: what wrk sends. BODIES: a file of request bodies, one a line; each is used once per thread share when
-- ONCE=1. NEXT=1: the answer's refresh_token becomes a later body (rotation). AUTH: an Authorization header.
local bodies, at = {}, 0
local threads = 0
local template = os.getenv("TEMPLATE")

function setup(thread)
	thread:set("number", threads)
	threads = threads + 1
	thread:set("total", tonumber(os.getenv("THREADS")))
end

function init(args)
	local file = os.getenv("BODIES")
	if file then
		local all = {}
		for line in io.lines(file) do all[#all + 1] = line end
		for n, line in ipairs(all) do
			if #all < total or n % total == number then bodies[#bodies + 1] = line end
		end
	end
	wrk.method = os.getenv("METHOD") or "GET"
	if os.getenv("AUTH") then wrk.headers["Authorization"] = os.getenv("AUTH") end
	if file then wrk.headers["Content-Type"] = "application/x-www-form-urlencoded" end
end

local first = 1
function request()
	if #bodies == 0 then return wrk.format() end
	if os.getenv("ONCE") then
		local body = bodies[first]
		if not body then
			wrk.thread:stop()
			return wrk.format("GET", "/.well-known/openid-configuration")
		end
		bodies[first] = false
		first = first + 1
		return wrk.format(nil, nil, nil, body)
	end
	at = at % #bodies + 1
	return wrk.format(nil, nil, nil, bodies[at])
end

bad = 0
if os.getenv("NEXT") then
	function response(status, headers, body)
		local token = string.match(body, '"refresh_token"%s*:%s*"([^"]+)"')
		if token then bodies[#bodies + 1] = string.gsub(template, "@", (string.gsub(token, "[^%w%-_.~]", function(c) return string.format("%%%02X", string.byte(c)) end))) end
	end
end

function done(summary, latency, requests)
	io.write(string.format('{"requests":%d,"seconds":%.3f,"errors":%d,"p50":%d,"p99":%d}\n', summary.requests, summary.duration / 1e6,
		summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
		latency:percentile(50), latency:percentile(99)))
end
