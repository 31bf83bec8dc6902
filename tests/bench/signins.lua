-- signins.lua: browsers that sign in, one sign-in after the other: the page, the password, the session. One browser for
-- each of wrk's connections, for its next step is what a connection sends next. USERNAME, PASSWORD; COUNT: how many
-- sign-ins, shared out over THREADS; a thread that has its share says "enough". Prints one JSON line; a time is that from the first page to the proven password.
local ffi = require("ffi")
ffi.cdef [[ typedef struct { long s, us; } lanyard_time; int gettimeofday(lanyard_time *, void *); ]]
local clock = ffi.new("lanyard_time")

local function now()
	ffi.C.gettimeofday(clock, nil)
	return tonumber(clock.s) + tonumber(clock.us) / 1e6
end

local function encoded(text)
	return (string.gsub(text, "[^%w%-_.~]", function(c) return string.format("%%%02X", string.byte(c)) end))
end

local threads = {}
local person = "&username=" .. encoded(os.getenv("USERNAME")) .. "&password=" .. encoded(os.getenv("PASSWORD"))
local browser = { ["Accept"] = "text/html", ["Sec-Fetch-Mode"] = "navigate", ["Sec-Fetch-Dest"] = "document" }

function setup(thread)
	threads[#threads + 1] = thread
end

function init(args)
	wanted = math.ceil(tonumber(os.getenv("COUNT") or "1e9") / tonumber(os.getenv("THREADS") or "1"))
	signed_in, failed, times, began, last = 0, 0, {}, now(), 0
	told = false
end

local flows, nexts = {}, {} -- by flow id: cookies and when it began; requests due

local function step(method, path, cookies, body)
	local headers = { Cookie = cookies }
	for name, value in pairs(browser) do headers[name] = value end
	if body then headers["Content-Type"] = "application/x-www-form-urlencoded" end
	nexts[#nexts + 1] = wrk.format(method, path, headers, body)
end

function request()
	if #nexts > 0 then return table.remove(nexts) end
	if signed_in >= wanted and not told then
		io.stdout:write("enough\n") -- wrk itself waits for the end of its time
		io.stdout:flush()
		told = true
	end
	return wrk.format("GET", "/login", browser)
end

local function cookie_of(headers)
	return headers["Set-Cookie"] and string.match(headers["Set-Cookie"], "^[^;]+")
end

-- Each answer says by itself which step it was.
function response(status, headers, body)
	local location = headers["Location"] or ""
	local id = string.match(location, "[?&]flow=([^&]+)") or string.match(body, 'name="flow" value="([^"]+)"')
	local flow = id and flows[id]
	local csrf = string.match(body, 'name="csrf" value="([^"]+)"')

	if status == 303 and id and not flow then
		flows[id] = { cookies = cookie_of(headers), began = now() }
		step("GET", string.gsub(location, "^https?://[^/]+", ""), flows[id].cookies)
	elseif status == 200 and flow and csrf and not string.find(body, "error-code", 1, true) then
		step("POST", "/login/password", flow.cookies, "flow=" .. id .. "&csrf=" .. encoded(csrf) .. person)
	elseif status == 303 and flow and not headers["Set-Cookie"] then
		step("GET", string.gsub(location, "^https?://[^/]+", ""), flow.cookies)
	elseif status == 303 and flow then
		times[#times + 1] = now() - flow.began
		flows[id] = nil
		step("GET", string.gsub(location, "^https?://[^/]+", ""), flow.cookies .. "; " .. cookie_of(headers))
	elseif status == 303 and not id and headers["Set-Cookie"] then
		signed_in, last = signed_in + 1, now()
	else
		failed = failed + 1
	end
end

function done(summary, latency, requests)
	local count, errors, from, to, all = 0, 0, math.huge, 0, {}
	for _, thread in ipairs(threads) do
		count, errors = count + thread:get("signed_in"), errors + thread:get("failed")
		from, to = math.min(from, thread:get("began")), math.max(to, thread:get("last"))
		for _, time in ipairs(thread:get("times")) do all[#all + 1] = time end
	end
	table.sort(all)
	local e = summary.errors
	io.write(string.format('{"requests":%d,"seconds":%.3f,"errors":%d,"p50":%d,"p95":%d,"p99":%d}\n', count, to - from,
		errors + e.connect + e.read + e.write + e.timeout, 1e6 * (all[math.ceil(#all * 0.5)] or 0), 1e6 * (all[math.ceil(#all * 0.95)] or 0), 1e6 * (all[math.ceil(#all * 0.99)] or 0)))
end
