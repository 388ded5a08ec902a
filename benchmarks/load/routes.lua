-- SPDX-License-Identifier: MIT
-- For wrk: each of 1,000 hosts with 20 paths in turn, in an order in which neighbours have nothing in
-- common.
local requests = {}
local count = 0

function init()
  for host = 1, 1000 do
    for path = 1, 20 do
      wrk.headers["Host"] = "h" .. host .. ".test"
      requests[#requests + 1] = wrk.format("GET", "/p" .. path .. "/x")
    end
  end
end

function request()
  count = (count + 7919) % #requests  -- a prime: all of them come before one comes again
  return requests[count + 1]
end
