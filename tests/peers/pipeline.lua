-- SPDX-License-Identifier: MIT
-- For wrk: sixteen requests at a time on each connection.
local requests

init = function()
  local one = wrk.format("GET", wrk.path)
  requests = string.rep(one, 16)
end

request = function()
  return requests
end
