// SPDX-License-Identifier: MIT
#include "proxy/observe/log_writer.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <cstdio>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "proxy/base/fd.h"
#include "tests/support/deadline.h"
#include "tests/support/temp_dir.h"

namespace sluice::observe {
namespace {

using support::read_file;
using support::TempDir;

// An error log that can be read.
struct ErrorLog {
  TempDir dir;
  Fd fd{::open(dir.file("errors").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)};
  Log log{Log::Level::Error, fd.get()};

  std::string text() const { return read_file(dir.file("errors")); }
};

std::unique_ptr<LogWriter> start(LogOutput output, const LogWriter::Options& options,
                                 const Log& log) {
  auto writer = LogWriter::start(std::move(output), options, log);
  if (!writer) throw support::Failure(writer.error().text());
  return std::move(*writer);
}

LogOutput open_output(const std::string& path) {
  auto output = LogOutput::open(path);
  if (!output) throw support::Failure(output.error().text());
  return std::move(*output);
}

LogOutput inherit_output(int fd) {
  auto output = LogOutput::inherit(fd, "stdout");
  if (!output) throw support::Failure(output.error().text());
  return std::move(*output);
}

struct Ends {
  Fd reader;
  Fd writer;
};

Ends make_pipe() {
  std::array<int, 2> fds{};
  if (::pipe2(fds.data(), O_CLOEXEC) != 0) throw support::Failure("no pipe");
  return {Fd(fds[0]), Fd(fds[1])};
}

Ends make_sockets(int send_buffer_bytes) {
  std::array<int, 2> fds{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()) != 0) {
    throw support::Failure("no sockets");
  }
  ::setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &send_buffer_bytes, sizeof(send_buffer_bytes));
  return {Fd(fds[0]), Fd(fds[1])};
}

// One read, which must come before the deadline; empty at the end of the stream.
std::string read_some(const Fd& from, const support::Deadline& deadline = {}) {
  pollfd watched{from.get(), POLLIN, 0};
  if (::poll(&watched, 1, deadline.poll_ms()) <= 0) throw support::Failure("nothing to read");
  std::array<char, 65536> bytes{};
  const ssize_t got = ::read(from.get(), bytes.data(), bytes.size());
  if (got < 0) throw support::Failure("cannot read");
  return std::string(bytes.data(), static_cast<std::size_t>(got));
}

std::string read_to_end(const Fd& from) {
  std::string all;
  for (std::string some = read_some(from); !some.empty(); some = read_some(from)) all += some;
  return all;
}

std::string read_lines(const Fd& from, std::ptrdiff_t lines) {
  std::string all;
  while (lines > 0) {
    const std::string some = read_some(from);
    if (some.empty()) throw support::Failure("the end came too early");
    lines -= std::count(some.begin(), some.end(), '\n');
    all += some;
  }
  return all;
}

int count(std::string_view text, std::string_view what) {
  int found = 0;
  for (std::size_t at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++found;
  return found;
}

// The sum of all "N lines dropped".
int reported_lines(const std::string& text) {
  constexpr std::string_view kWhat = " lines dropped";
  int sum = 0;
  for (std::size_t at = text.find(kWhat); at != text.npos; at = text.find(kWhat, at + 1)) {
    sum += std::stoi(text.substr(text.rfind(' ', at - 1) + 1));
  }
  return sum;
}

// Until it would block; `fd` is a pipe or socket of the test's own.
void fill_pipe(const Fd& fd) {
  const std::string block(4096, '#');
  ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) | O_NONBLOCK);
  while (::write(fd.get(), block.data(), block.size()) > 0) {
  }
  while (::write(fd.get(), "#", 1) > 0) {
  }
  ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) & ~O_NONBLOCK);
}

void push_surely(LogRing& ring, const std::string& line) {
  while (!ring.push(line)) std::this_thread::yield();
}

// "name number dots", of many lengths.
std::string numbered_line(const std::string& name, int number) {
  const auto dots = static_cast<std::size_t>(number * 7 % 300);
  return name + " " + std::to_string(number) + " " + std::string(dots, '.') + "\n";
}

// Checks that `text` is whole lines of numbered_line() and that each name counts without a gap, on
// from where `next` stands. Returns what is wrong.
std::string check_numbers(const std::string& text, std::map<std::string, int>& next) {
  if (!text.empty() && text.back() != '\n') return "the last line is torn";
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const std::string name = line.substr(0, line.find(' '));
    if (line + "\n" != numbered_line(name, next[name])) return "not what was awaited: " + line;
    ++next[name];
  }
  return "";
}

TEST_CASE("log writer: the lines of all rings arrive") {
  const TempDir dir;
  const ErrorLog errors;
  const auto writer = start(open_output(dir.file("log")), {.rings = 3}, errors.log);
  writer->ring(0).push("a\n");
  writer->ring(2).push("c\n");
  writer->flush();
  CHECK(read_file(dir.file("log")) == "a\nc\n");
  writer->ring(1).push("b\n");
  writer->stop();
  CHECK(read_file(dir.file("log")) == "a\nc\nb\n");
  CHECK(writer->dropped() == 0);
  CHECK(errors.text().empty());
  writer->stop();   // again
  writer->flush();  // of nothing
}

TEST_CASE("log writer: nobody has to ask for a line to be written") {
  const ErrorLog errors;
  // 0: the writer parks whenever there is nothing to do, so that every line is a wake-up.
  for (const int idle_rounds : {0, 1, 50}) {
    Ends pipe = make_pipe();
    const auto writer =
        start(inherit_output(pipe.writer.get()), {.idle_rounds_to_park = idle_rounds}, errors.log);
    const int lines = idle_rounds == 0 ? 2000 : 5;
    for (int i = 0; i < lines; ++i) {
      const std::string line = std::to_string(i) + "\n";
      writer->ring(0).push(line);
      REQUIRE(read_some(pipe.reader) == line);
    }
  }
}

TEST_CASE("log writer: no line is lost, torn or out of order while the file is rotated") {
  constexpr int kLines = 30'000;
  constexpr int kRotations = 20;
  const TempDir dir;
  const ErrorLog errors;
  const auto writer =
      start(open_output(dir.file("log")), {.rings = 2, .ring_bytes = 16384}, errors.log);
  std::vector<std::thread> producers;
  for (const char* name : {"a", "b"}) {
    LogRing& ring = writer->ring(producers.size());
    producers.emplace_back([&ring, name] {
      for (int i = 0; i < kLines; ++i) push_surely(ring, numbered_line(name, i));
    });
  }
  for (int i = 0; i < kRotations; ++i) {
    const std::string old = dir.file("log." + std::to_string(i));
    REQUIRE(std::rename(dir.file("log").c_str(), old.c_str()) == 0);
    REQUIRE_FALSE(writer->reopen());
    if (i % 2 == 0) writer->flush();
  }
  for (std::thread& producer : producers) producer.join();
  writer->stop();
  std::map<std::string, int> next;
  for (int i = 0; i < kRotations; ++i) {
    CHECK(check_numbers(read_file(dir.file("log." + std::to_string(i))), next) == "");
  }
  CHECK(check_numbers(read_file(dir.file("log")), next) == "");
  CHECK(next["a"] == kLines);
  CHECK(next["b"] == kLines);
  CHECK(errors.text().find("cannot write") == std::string::npos);
}

TEST_CASE("log writer: after reopen() and flush() the old file gets nothing more") {
  const TempDir dir;
  const ErrorLog errors;
  const auto writer = start(open_output(dir.file("log")), {}, errors.log);
  writer->ring(0).push("old\n");
  writer->flush();
  REQUIRE(std::rename(dir.file("log").c_str(), dir.file("log.1").c_str()) == 0);
  REQUIRE_FALSE(writer->reopen());
  writer->flush();
  writer->ring(0).push("new\n");
  writer->stop();
  CHECK(read_file(dir.file("log.1")) == "old\n");
  CHECK(read_file(dir.file("log")) == "new\n");
}

TEST_CASE("log writer: a file that cannot be opened leaves the old one in place") {
  const TempDir dir;
  const ErrorLog errors;
  const auto writer = start(open_output(dir.file("log")), {}, errors.log);
  const std::optional<Error> error = writer->set_output(dir.file("none/log"));
  REQUIRE(error);
  CHECK(error->text() == dir.file("none/log") + ": No such file or directory");
  writer->ring(0).push("still\n");
  writer->flush();
  CHECK(read_file(dir.file("log")) == "still\n");
  // The next reopen() is of the old path.
  CHECK_FALSE(writer->reopen());
  writer->ring(0).push("again\n");
  writer->flush();
  CHECK(read_file(dir.file("log")) == "still\nagain\n");
}

TEST_CASE("log writer: another path takes the lines from then on") {
  const TempDir dir;
  const ErrorLog errors;
  const auto writer = start(open_output(dir.file("log")), {}, errors.log);
  CHECK_FALSE(writer->set_output(dir.file("log")));  // the same
  CHECK_FALSE(writer->set_output(dir.file("other")));
  writer->flush();
  writer->ring(0).push("x\n");
  writer->flush();
  CHECK(read_file(dir.file("log")).empty());
  CHECK(read_file(dir.file("other")) == "x\n");
  CHECK_FALSE(writer->set_output("stderr"));
  CHECK_FALSE(writer->reopen());  // nothing to open anew
}

TEST_CASE("log writer: a full pipe holds up nobody, and its lost lines are counted and reported") {
  const ErrorLog errors;
  Ends pipe = make_pipe();
  fill_pipe(pipe.writer);
  auto writer = start(inherit_output(pipe.writer.get()), {.ring_bytes = 64}, errors.log);
  int taken = 0;
  for (int i = 0; i < 20; ++i) taken += writer->ring(0).push("0123456789abcde\n") ? 1 : 0;
  CHECK(taken == 4);
  CHECK(writer->dropped() == 16);
  writer->flush();  // comes back although nothing was written
  const std::string report = errors.text();
  CHECK(count(report, "error: access log: ") == 1);
  CHECK(count(report, " lines dropped: stdout takes them too slowly\n") == 1);
  CHECK_FALSE(writer->ring(0).push("one more\n"));
  writer->flush();
  CHECK(errors.text() == report);  // not again so soon
  writer->stop();                  // gives up on what is left
  CHECK(writer->dropped() == 21);
  CHECK(reported_lines(errors.text()) == 21);
  writer.reset();  // with its own descriptor of the pipe
  pipe.writer.reset();
  CHECK(read_to_end(pipe.reader).find_first_not_of('#') == std::string::npos);
}

TEST_CASE("log writer: a slow reader gets every line, none torn and no two mixed") {
  constexpr int kLines = 3000;
  const ErrorLog errors;
  // A pipe takes whole batches, a socket with a small buffer parts of lines.
  for (const bool socket : {false, true}) {
    INFO((socket ? "socket" : "pipe"));
    Ends ends = socket ? make_sockets(4096) : make_pipe();
    const auto writer = start(inherit_output(ends.writer.get()), {.rings = 2}, errors.log);
    for (int i = 0; i < kLines; ++i) {
      REQUIRE(writer->ring(0).push(numbered_line("a", i)));
      REQUIRE(writer->ring(1).push(numbered_line("b", i)));
    }
    writer->flush();  // as far as the reader allows
    std::map<std::string, int> next;
    CHECK(check_numbers(read_lines(ends.reader, 2 * kLines), next) == "");
    CHECK(next["a"] == kLines);
    CHECK(next["b"] == kLines);
    writer->stop();
    CHECK(writer->dropped() == 0);
  }
}

TEST_CASE("log writer: a new file never begins with the rest of the old one's last line") {
  const TempDir dir;
  const ErrorLog errors;
  Ends sockets = make_sockets(4096);
  const auto writer = start(inherit_output(sockets.writer.get()), {}, errors.log);
  REQUIRE(writer->ring(0).push(std::string(300'000, 'x') + "\n"));
  REQUIRE(writer->ring(0).push("next\n"));
  writer->flush();
  CHECK_FALSE(read_some(sockets.reader).empty());  // it has begun
  CHECK_FALSE(writer->set_output(dir.file("log")));
  writer->flush();
  CHECK(read_file(dir.file("log")) == "next\n");
  CHECK(writer->dropped() == 1);
}

TEST_CASE("log writer: a full disk is reported, and what still fits the ring is kept") {
  const TempDir dir;
  const ErrorLog errors;
  const auto writer = start(open_output("/dev/full"), {.ring_bytes = 64}, errors.log);
  REQUIRE(writer->ring(0).push("kept\n"));
  writer->flush();
  CHECK(errors.text().find("error: access log: cannot write to /dev/full: No space left on device; "
                           "0 lines dropped\n") != std::string::npos);
  CHECK_FALSE(writer->ring(0).push(std::string(64, 'x') + "\n"));
  CHECK_FALSE(writer->set_output(dir.file("log")));
  writer->flush();
  CHECK(read_file(dir.file("log")) == "kept\n");
  CHECK(writer->dropped() == 1);
}

TEST_CASE("log writer: stop() does not wait for a broken output") {
  const ErrorLog errors;
  const auto writer = start(open_output("/dev/full"), {}, errors.log);
  REQUIRE(writer->ring(0).push("a\n"));
  REQUIRE(writer->ring(0).push("b\n"));
  writer->stop();
  CHECK(writer->dropped() == 2);
  CHECK(errors.text().find("2 lines dropped\n") != std::string::npos);
}

TEST_CASE("log writer: a reader that went away is reported, not a signal") {
  const TempDir dir;
  const ErrorLog errors;
  Ends pipe = make_pipe();
  const auto writer = start(inherit_output(pipe.writer.get()), {}, errors.log);
  pipe.reader.reset();
  REQUIRE(writer->ring(0).push("a\n"));
  writer->flush();
  CHECK(errors.text().find("cannot write to stdout: Broken pipe") != std::string::npos);
  CHECK_FALSE(writer->set_output(dir.file("log")));
  writer->flush();
  CHECK(read_file(dir.file("log")) == "a\n");
  CHECK(writer->dropped() == 0);
}

}  // namespace
}  // namespace sluice::observe
