// SPDX-License-Identifier: MIT
#include "conf/check_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "conf/syntax.h"

namespace sluice::conf {
namespace {

// Some segment begins with a dot, and is not the "/.well-known" of RFC 8615.
bool is_hidden(const std::string& path) {
  constexpr std::string_view kWellKnown = "/.well-known/";
  const std::size_t from = (path + "/").starts_with(kWellKnown) ? kWellKnown.size() - 1 : 0;
  return path.find("/.", from) != std::string::npos;
}

Fault hidden(std::string_view text) {
  return {fmt::format("{} is hidden, and never sent", in_quotes(text)), {}};
}

std::optional<Fault> index_fault(const std::string& name) {
  if (name.empty() || name.find('/') != std::string::npos) {
    return Fault{fmt::format("{} is no name of a file", in_quotes(name)), "without a directory"};
  }
  if (name.front() == '.') return hidden(name);
  return std::nullopt;
}

std::optional<Fault> fallback_fault(const std::string& fallback) {
  if (fallback.ends_with("*")) {
    return Fault{fmt::format("{} is no path", in_quotes(fallback)), {}};
  }
  if (auto fault = path_pattern_fault(fallback)) return fault;
  if (is_hidden(fallback)) return hidden(fallback);
  if (fallback.find("%2F") != std::string::npos || fallback.find("%00") != std::string::npos) {
    return Fault{fmt::format("{} can never be found", in_quotes(fallback)),
                 "no name of a file holds a slash or NUL"};
  }
  return std::nullopt;
}

std::optional<Fault> extension_fault(const std::string& extension) {
  if (extension.empty() || extension.find_first_of("./") != std::string::npos) {
    return Fault{fmt::format("{} is no end of a file's name", in_quotes(extension)),
                 "what stands behind its last dot"};
  }
  const bool is_lower =
      std::none_of(extension.begin(), extension.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  if (is_lower) return std::nullopt;
  return Fault{fmt::format("{} is not in lower case", in_quotes(extension)),
               "it stands for names in any case"};
}

// "text/html; charset=utf-8": a type, and behind a semicolon whatever may stand in a field.
std::optional<Fault> type_fault(const std::string& type) {
  std::string_view media = std::string_view(type).substr(0, type.find(';'));
  while (media.ends_with(' ')) media.remove_suffix(1);
  const std::size_t slash = std::min(media.find('/'), media.size());
  if (media.find('*') != std::string_view::npos || !is_token(media.substr(0, slash)) ||
      !is_token(media.substr(std::min(slash + 1, media.size())))) {
    return Fault{fmt::format("{} is no media type", in_quotes(type)), "as \"text/html\""};
  }
  return field_value_fault(type);
}

void check_types(const Files& files, const Path& path, Reporter& reporter) {
  for (const auto& [extension, type] : files.types) {
    if (auto fault = extension_fault(extension)) {
      reporter.at_key(path.at(extension), std::move(*fault));
    }
    if (auto fault = type_fault(type)) reporter.at(path.at(extension), std::move(*fault));
  }
}

}  // namespace

void check_files(const Files& files, const Path& path, Reporter& reporter) {
  std::error_code error;
  if (!reporter.doubtful(path.at("root")) && !std::filesystem::is_directory(files.root, error)) {
    const std::string why = error ? error.message() : "not a directory";
    reporter.at(path.at("root"),
                {fmt::format("cannot serve files from {}: {}", in_quotes(files.root), why), {}});
  }
  for (std::size_t i = 0; i < files.index.size(); ++i) {
    if (auto fault = index_fault(files.index[i])) {
      reporter.at(path.at("index").at(i), std::move(*fault));
    }
  }
  for (std::size_t i = 0; i < files.fallbacks.size(); ++i) {
    if (auto fault = fallback_fault(files.fallbacks[i])) {
      reporter.at(path.at("try").at(i), std::move(*fault));
    }
  }
  check_types(files, path.at("types"), reporter);
}

}  // namespace sluice::conf
