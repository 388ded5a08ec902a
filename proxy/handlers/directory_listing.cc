// SPDX-License-Identifier: MIT
#include "proxy/handlers/directory_listing.h"

#include <dirent.h>
#include <fmt/compile.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

#include "proxy/http/uri.h"

namespace sluice::handlers {

namespace {

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

struct Name {
  bool is_directory() const { return type == DT_DIR; }

  std::string text;
  unsigned char type;  // as the directory has it
};

struct Listed {
  bool is_directory() const { return !bytes; }

  std::string text;
  std::optional<std::uint64_t> bytes;  // of a file
};

// Directories first.
template <typename T>
void sort_by_name(std::vector<T>& entries) {
  std::sort(entries.begin(), entries.end(), [](const T& a, const T& b) {
    if (a.is_directory() != b.is_directory()) return a.is_directory();
    return a.text < b.text;
  });
}

void put_html(std::string& out, std::string_view text) {
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
}

void put_row(std::string& out, const Listed& entry) {
  const char* const slash = entry.is_directory() ? "/" : "";
  // "./" keeps a name with a colon from being taken for a scheme.
  out += "<tr><td><a href=\"./";
  // As one segment of a path: nothing in it can be taken for a separator, or for HTML.
  out += http::percent_encode(entry.text);
  out.append(slash).append("\">");
  put_html(out, entry.text);
  out.append(slash).append("</a></td><td>");
  if (entry.bytes) fmt::format_to(std::back_inserter(out), FMT_COMPILE("{}"), *entry.bytes);
  out += "</td></tr>\n";
}

// Nothing for what is not listed. Links are what they lead to, and so is what a file system does
// not tell the type of.
std::optional<Listed> look_at(const Fd& root, std::string_view path, int directory,
                              const Name& name) {
  if (name.is_directory()) return Listed{name.text, {}};
  if (name.type == DT_REG) {
    struct stat status {};
    if (::fstatat(directory, name.text.c_str(), &status, 0) != 0) return std::nullopt;
    return Listed{name.text, static_cast<std::uint64_t>(status.st_size)};
  }
  if (name.type != DT_LNK && name.type != DT_UNKNOWN) return std::nullopt;
  const FoundFile found = FileLookup::look(root, std::string(path) + name.text);
  if (found.status == FoundFile::Status::Directory) return Listed{name.text, {}};
  if (found.status == FoundFile::Status::Found) return Listed{name.text, found.size};
  return std::nullopt;
}

// The first of the names, as they are listed; what only leads to a directory counts as a file.
std::vector<Name> read_names(DIR* directory, bool* more) {
  std::vector<Name> names;
  std::size_t read = 0;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody else has this DIR
  while (const dirent* entry = ::readdir(directory)) {
    *more = ++read > kReadMax;
    if (*more) break;
    if (entry->d_name[0] != '.') names.push_back({entry->d_name, entry->d_type});
  }
  sort_by_name(names);
  if (names.size() > kLookedAtMax) {
    *more = true;
    names.erase(names.begin() + kLookedAtMax, names.end());
  }
  return names;
}

std::vector<Listed> read_entries(const Fd& root, std::string_view path, DIR* directory,
                                 bool* more) {
  std::vector<Listed> entries;
  for (const Name& name : read_names(directory, more)) {
    std::optional<Listed> listed = look_at(root, path, ::dirfd(directory), name);
    if (listed) entries.push_back(std::move(*listed));
  }
  sort_by_name(entries);
  return entries;
}

}  // namespace

std::optional<std::string> directory_listing(const FileLookup& lookup, FoundFile directory,
                                             std::string_view path) {
  const Fd root = lookup.open_root();
  if (!root.valid()) return std::nullopt;
  const std::unique_ptr<DIR, CloseDirectory> stream(::fdopendir(directory.fd.get()));
  if (stream == nullptr) return std::nullopt;
  directory.fd.release();  // closed with the stream
  bool more = false;
  const std::vector<Listed> entries = read_entries(root, directory.path, stream.get(), &more);
  std::string title;
  put_html(title, path);
  std::string page = fmt::format(
      "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>{0}</title></head>\n"
      "<body><h1>{0}</h1>\n<table>\n",
      title);
  if (path != "/") page += "<tr><td><a href=\"../\">../</a></td><td></td></tr>\n";
  for (const Listed& entry : entries) put_row(page, entry);
  page += more ? "</table>\n<p>and more</p>\n</body></html>\n" : "</table>\n</body></html>\n";
  return page;
}

}  // namespace sluice::handlers
