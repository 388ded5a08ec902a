// SPDX-License-Identifier: MIT
#include "conf/load.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "conf/document.h"
#include "conf/files.h"
#include "conf/positions.h"
#include "conf/problems.h"
#include "conf/read.h"
#include "conf/units.h"

namespace sluice::conf {
namespace {

std::string directory_of(const std::string& file) {
  const std::size_t slash = file.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : file.substr(0, slash);
}

void make_absolute(std::string& file, const std::string& directory) {
  if (file.empty()) return;
  const std::filesystem::path joined = std::filesystem::path(directory) / file;
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(joined, error);
  file = (error ? joined : absolute).lexically_normal().string();
}

void make_lists_absolute(AccessLists& lists, const std::string& directory) {
  for (std::vector<std::string>* list : {&lists.allow, &lists.deny}) {
    for (std::string& entry : *list) {
      if (!entry.starts_with(kListFile)) continue;
      std::string file = entry.substr(kListFile.size());
      make_absolute(file, directory);
      entry = kListFile;
      entry += file;
    }
  }
}

// A file keeps its meaning whatever the working directory of the process is.
void make_paths_absolute(Config& config, const std::string& directory) {
  for (Listener& listener : config.listeners) {
    if (!listener.tls) continue;
    for (Certificate& certificate : listener.tls->certificates) {
      make_absolute(certificate.cert, directory);
      make_absolute(certificate.key, directory);
    }
  }
  std::string& log = config.access_log.path;
  for (Route& route : config.routes) {
    if (route.files) make_absolute(route.files->root, directory);
    make_lists_absolute(route.access, directory);
  }
  make_lists_absolute(config.access, directory);
  if (config.jail) make_absolute(config.jail->file, directory);
  if (config.admin) make_absolute(config.admin->token_file, directory);
  if (log != "stdout" && log != "stderr") make_absolute(log, directory);
}

Diagnostic diagnose(const std::string& file, std::string_view text, const Positions& positions,
                    Problem problem) {
  Diagnostic out;
  out.file = file;
  const Position at = positions.at(problem.offset);
  out.line = at.line;
  out.column = at.column;
  out.path = problem.path.text();
  out.message = std::move(problem.message);
  out.hint = std::move(problem.hint);
  if (problem.earlier) {
    const Position first = positions.at(*problem.earlier);
    out.hint = fmt::format("first at line {}, column {}", first.line, first.column);
  }
  out.allowed = std::move(problem.allowed);
  out.source_line = positions.line(at.line);
  const std::size_t offset = std::min(problem.offset, text.size());
  out.caret_length = std::max<std::size_t>(columns(text.substr(offset, problem.length)), 1);
  return out;
}

std::vector<Diagnostic> diagnose_all(const std::string& file, std::string_view text,
                                     Problems problems) {
  std::vector<Problem> list = problems.take();
  std::stable_sort(list.begin(), list.end(),
                   [](const Problem& a, const Problem& b) { return a.offset < b.offset; });
  const Positions positions(text);
  std::vector<Diagnostic> out;
  out.reserve(list.size());
  for (Problem& problem : list) {
    out.push_back(diagnose(file, text, positions, std::move(problem)));
  }
  return out;
}

LoadOutcome refused(const std::string& file, std::string message, std::string hint = {}) {
  Diagnostic diagnostic;
  diagnostic.file = file;
  diagnostic.message = std::move(message);
  diagnostic.hint = std::move(hint);
  LoadOutcome outcome;
  outcome.errors.push_back(std::move(diagnostic));
  return outcome;
}

std::string too_large(std::size_t bytes_max) {
  return fmt::format("a configuration has at most {}", print_bytes(bytes_max));
}

// The whole file, or one byte more than `bytes_max` of it. The error is errno's.
Result<std::string> read_file(const std::string& path, std::size_t bytes_max) {
  const auto failed = [&path] { return Error{path, std::generic_category().message(errno)}; };
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return failed();
  std::string text;
  std::array<char, 64 * 1024> chunk;
  while (text.size() <= bytes_max) {
    const ssize_t got = read(fd, chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      Error error = failed();
      close(fd);
      return error;
    }
    if (got == 0) break;
    text.append(chunk.data(), static_cast<std::size_t>(got));
  }
  close(fd);
  return text;
}

}  // namespace

LoadOutcome load_file(const std::string& path, const LoadOptions& options) {
  const Result<std::string> text = read_file(path, options.bytes_max);
  if (!text) return refused(path, fmt::format("cannot read it: {}", text.error().what));
  LoadOptions here = options;
  if (here.directory.empty()) here.directory = directory_of(path);
  return load_text(path, *text, here);
}

LoadOutcome load_text(const std::string& name, std::string_view text, const LoadOptions& options) {
  if (text.size() > options.bytes_max) return refused(name, too_large(options.bytes_max));
  Problems problems;
  LoadOutcome outcome;
  if (const std::optional<Node> root = parse_document(text, problems)) {
    Config config = read_config(*root, problems);
    if (root->kind == Node::Kind::Object) {
      make_paths_absolute(config, options.directory);
      check_config(config, *root, options.check, problems);
    }
    if (problems.empty()) outcome.config = std::move(config);
  }
  if (!outcome.config) outcome.errors = diagnose_all(name, text, std::move(problems));
  return outcome;
}

}  // namespace sluice::conf
