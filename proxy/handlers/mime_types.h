// SPDX-License-Identifier: MIT
// MimeTypes: the media type of a file, by the end of its name, whatever its case: the operator's
// word, else that of a table. Immutable; any thread may use it.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::handlers {

struct MimeType {
  std::string_view name;      // "text/html; charset=utf-8"; the MimeTypes', or for ever
  bool compressible = false;  // text, in one way or another
};

class MimeTypes {
 public:
  using Map = std::map<std::string, std::string, std::less<>>;

  // `own`: by the extension, in lower case.
  explicit MimeTypes(Map own = {}) : own_(std::move(own)) {}

  // "application/octet-stream" for what is not known.
  MimeType of(std::string_view file_name) const;

  // All of the operator's, as a text.
  std::string identity() const;

 private:
  const Map own_;
};

}  // namespace sluice::handlers
