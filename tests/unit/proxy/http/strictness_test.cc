// SPDX-License-Identifier: MIT
// The table for operators, proxy/http/strictness.md, against the one that the parsers answer with.
#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>
#include <string>

#include "proxy/http/bad_message.h"

namespace sluice::http {

TEST_CASE("strictness: the document has every word, with its status", "[http][strictness]") {
  std::ifstream file("proxy/http/strictness.md");
  std::stringstream content;
  content << file.rdbuf();
  const std::string text = content.str();
  REQUIRE_FALSE(text.empty());
  for (int i = 1; i <= static_cast<int>(BadMessage::BodyTooLarge); ++i) {
    const auto why = static_cast<BadMessage>(i);
    const std::string word = "`" + std::string(bad_message_word(why)) + "` |";
    const bool of_responses = why == BadMessage::StatusLine || why == BadMessage::Status;
    const std::string row =
        of_responses ? word : "| " + std::to_string(bad_message_status(why)) + " | " + word;
    INFO(row);
    CHECK(text.find(row) != std::string::npos);
  }
}

}  // namespace sluice::http
