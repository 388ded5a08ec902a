// SPDX-License-Identifier: MIT
// The host and path patterns of a rule, read from what the operator wrote. Start-up only.
//
// Host: "a.example" is that name alone; "*.example" is every name below it, at any depth, but not
// "example" itself; "*" is any host, and none. Names are compared without case and without the dot
// that may close them (RFC 9110, 4.2.3; RFC 3986, 3.2.2). A name beyond ASCII is written in
// punycode, an IPv6 literal in its brackets and in any spelling.
//
// Path: "/exact" is that path alone, "/exact/" another one; "/prefix/*" is "/prefix/" and all below
// it, and "/prefix" too, as one who writes a rule for an API means its root with it; "/prefixed" is
// none of these. "/*" and "*" are any path. Paths are compared byte by byte, with case, in the
// matched spelling of http/uri, to which patterns are brought here.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::route {

struct HostPattern {
  enum class Kind { Exact, Below, Any };
  Kind kind = Kind::Any;
  std::string name;  // lower case; "a.example", ".example" of "*.example", "" of any

  bool operator==(const HostPattern&) const = default;
  std::string text() const;  // as the operator would write it
};

struct PathPattern {
  bool exact = false;
  std::string path;  // "/exact", "/prefix" of "/prefix/*", "" of any; in its matched spelling

  bool operator==(const PathPattern&) const = default;
  std::string text() const;
};

// Empty if the text is no pattern; then `why` is a sentence for the operator.
std::optional<HostPattern> parse_host_pattern(std::string_view text, std::string& why);
std::optional<PathPattern> parse_path_pattern(std::string_view text, std::string& why);

}  // namespace sluice::route
