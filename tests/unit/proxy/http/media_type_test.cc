// SPDX-License-Identifier: MIT
#include "proxy/http/media_type.h"

#include <catch2/catch.hpp>
#include <tuple>

namespace sluice::http {
namespace {

TEST_CASE("media type: without its parameters", "[http]") {
  Fields fields;
  CHECK(media_type(fields).empty());
  fields.add("Content-Type", "text/html ; charset=utf-8");
  CHECK(media_type(fields) == "text/html");
}

TEST_CASE("media type: what is live", "[http]") {
  for (const auto& [name, value, live] :
       {std::tuple{"Content-Type", "text/event-stream", true},
        std::tuple{"Content-Type", "Text/Event-Stream;charset=utf-8", true},
        std::tuple{"Content-Type", "text/event-streams", false},
        std::tuple{"Content-Type", "text/html", false}, std::tuple{"X-Accel-Buffering", "No", true},
        std::tuple{"X-Accel-Buffering", "yes", false}}) {
    CAPTURE(name, value);
    Fields fields;
    fields.add(name, value);
    CHECK(is_live(fields) == live);
  }
}

}  // namespace
}  // namespace sluice::http
