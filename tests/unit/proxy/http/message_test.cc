// SPDX-License-Identifier: MIT
// Methods, statuses and the table of faults.
#include "proxy/http/message.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "proxy/http/bad_message.h"
#include "proxy/http/status.h"

namespace sluice::http {

TEST_CASE("message: methods are known by their exact names", "[http][message]") {
  CHECK(method_of("GET") == Method::Get);
  CHECK(method_of("HEAD") == Method::Head);
  CHECK(method_of("POST") == Method::Post);
  CHECK(method_of("PUT") == Method::Put);
  CHECK(method_of("DELETE") == Method::Delete);
  CHECK(method_of("OPTIONS") == Method::Options);
  CHECK(method_of("PATCH") == Method::Patch);
  CHECK(method_of("CONNECT") == Method::Connect);
  CHECK(method_of("TRACE") == Method::Trace);
  for (const char* other : {"", "get", "GETS", "PURGE", "PROPFIND", "DELETF", "GEX", "HEAP"}) {
    CHECK(method_of(other) == Method::Other);
  }
}

TEST_CASE("message: only methods defined so are safe or idempotent", "[http][message]") {
  for (const Method safe : {Method::Get, Method::Head, Method::Options, Method::Trace}) {
    CHECK(is_safe(safe));
    CHECK(is_idempotent(safe));
  }
  for (const Method method : {Method::Put, Method::Delete}) {
    CHECK_FALSE(is_safe(method));
    CHECK(is_idempotent(method));
  }
  for (const Method method : {Method::Post, Method::Patch, Method::Connect, Method::Other}) {
    CHECK_FALSE(is_safe(method));
    CHECK_FALSE(is_idempotent(method));
  }
}

TEST_CASE("status: lines and phrases agree", "[http][status]") {
  int known = 0;
  for (int status = -1; status < 1000; ++status) {
    const std::string line(status_line(status));
    if (line.empty()) {
      CHECK(reason_phrase(status).empty());
      CHECK(status_text(status).empty());
      continue;
    }
    ++known;
    CHECK(line == "HTTP/1.1 " + std::string(status_text(status)) + "\r\n");
    CHECK(line ==
          "HTTP/1.1 " + std::to_string(status) + ' ' + std::string(reason_phrase(status)) + "\r\n");
  }
  CHECK(known == 62);
  CHECK(reason_phrase(404) == "Not Found");
  CHECK(reason_phrase(431) == "Request Header Fields Too Large");
}

TEST_CASE("bad message: every fault has its own word and an error status", "[http][bad_message]") {
  std::set<std::string> words;
  for (int i = 1; i <= static_cast<int>(BadMessage::BodyTooLarge); ++i) {
    const auto why = static_cast<BadMessage>(i);
    CHECK(words.emplace(bad_message_word(why)).second);
    CHECK(bad_message_status(why) >= 400);
    CHECK_FALSE(status_line(bad_message_status(why)).empty());
  }
  CHECK(bad_message_status(BadMessage::None) == 0);
  CHECK(bad_message_status(BadMessage::RequestLineTooLong) == 414);
  CHECK(bad_message_status(BadMessage::HeadTooLarge) == 431);
  CHECK(bad_message_status(BadMessage::FieldTooLarge) == 431);
  CHECK(bad_message_status(BadMessage::TooManyFields) == 431);
  CHECK(bad_message_status(BadMessage::TransferEncoding) == 501);
  CHECK(bad_message_status(BadMessage::UnsupportedVersion) == 505);
  CHECK(bad_message_status(BadMessage::BodyTooLarge) == 413);
  CHECK(bad_message_status(BadMessage::Expectation) == 417);
}

}  // namespace sluice::http
