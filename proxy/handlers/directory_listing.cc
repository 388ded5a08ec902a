// SPDX-License-Identifier: MIT
#include "proxy/handlers/directory_listing.h"

#include <dirent.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <vector>

#include "proxy/http/chars.h"

namespace sluice::handlers {

namespace {

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

struct Listed {
  std::string name;
  std::uint64_t bytes = 0;
  bool is_directory = false;
};

bool before(const Listed& a, const Listed& b) {
  if (a.is_directory != b.is_directory) return a.is_directory;
  return a.name < b.name;
}

std::string escaped_html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

// As one segment of a path: nothing in it can be taken for a separator, or for HTML.
std::string escaped_segment(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (http::is_class(c, http::char_class::kUnreserved)) {
      out += c;
    } else {
      fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

// Links, too, are what they lead to.
std::vector<Listed> read_entries(const FileLookup& lookup, std::string_view path, DIR* directory,
                                 bool* more) {
  std::vector<Listed> entries;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody else has this DIR
  while (const dirent* entry = ::readdir(directory)) {
    struct stat status {};
    if (entry->d_name[0] == '.') continue;
    if (::fstatat(::dirfd(directory), entry->d_name, &status, 0) != 0) continue;
    const bool is_directory = S_ISDIR(status.st_mode);
    if (!is_directory && !S_ISREG(status.st_mode)) continue;
    // File systems that do not tell the type have all looked up.
    const bool may_be_link = entry->d_type != DT_REG && entry->d_type != DT_DIR;
    if (may_be_link && !lookup.has(std::string(path) + entry->d_name)) continue;
    *more = entries.size() == kListedMax;
    if (*more) break;
    entries.push_back({entry->d_name, static_cast<std::uint64_t>(status.st_size), is_directory});
  }
  std::sort(entries.begin(), entries.end(), before);
  return entries;
}

}  // namespace

std::optional<std::string> directory_listing(const FileLookup& lookup, FoundFile directory,
                                             std::string_view path) {
  const std::unique_ptr<DIR, CloseDirectory> stream(::fdopendir(directory.fd.get()));
  if (stream == nullptr) return std::nullopt;
  directory.fd.release();  // closed with the stream
  bool more = false;
  const std::vector<Listed> entries = read_entries(lookup, directory.path, stream.get(), &more);
  const std::string title = escaped_html(path);
  std::string page = fmt::format(
      "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>{0}</title></head>\n"
      "<body><h1>{0}</h1>\n<table>\n",
      title);
  if (path != "/") page += "<tr><td><a href=\"../\">../</a></td><td></td></tr>\n";
  for (const Listed& entry : entries) {
    const char* const slash = entry.is_directory ? "/" : "";
    // "./" keeps a name with a colon from being taken for a scheme.
    page += fmt::format("<tr><td><a href=\"./{}{}\">{}{}</a></td><td>{}</td></tr>\n",
                        escaped_segment(entry.name), slash, escaped_html(entry.name), slash,
                        entry.is_directory ? std::string() : std::to_string(entry.bytes));
  }
  page += more ? "</table>\n<p>and more</p>\n</body></html>\n" : "</table>\n</body></html>\n";
  return page;
}

}  // namespace sluice::handlers
