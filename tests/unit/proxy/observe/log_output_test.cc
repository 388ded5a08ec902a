// SPDX-License-Identifier: MIT
#include "proxy/observe/log_output.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <string>

#include "proxy/base/fd.h"
#include "tests/support/temp_dir.h"

namespace sluice::observe {
namespace {

ssize_t write_text(const LogOutput& output, std::string_view first, std::string_view second = {}) {
  return output.write({first, second});
}

// Until the output takes nothing more; returns what it took, or nothing if that never happened.
std::size_t fill_output(const LogOutput& output) {
  const std::string block(4096, 'x');
  for (std::size_t total = 0; total < (std::size_t{64} << 20);) {
    const ssize_t written = write_text(output, block);
    if (written < 0) return errno == EAGAIN ? total : 0;
    total += static_cast<std::size_t>(written);
  }
  return 0;
}

TEST_CASE("log output: a file is created and only appended to") {
  const support::TempDir dir;
  const std::string path = dir.write("log", "before\n");
  const auto output = LogOutput::open(path);
  REQUIRE(output);
  CHECK(write_text(*output, "on", "e\n") == 4);
  dir.write("log", "");  // truncated by somebody
  CHECK(write_text(*output, "two\n") == 4);
  CHECK(support::read_file(path) == "two\n");
  CHECK((::fcntl(output->fd(), F_GETFD) & FD_CLOEXEC) != 0);
  CHECK((::fcntl(output->fd(), F_GETFL) & O_APPEND) != 0);
}

TEST_CASE("log output: a file that cannot be opened is an error with its name") {
  const support::TempDir dir;
  const auto missing = LogOutput::open(dir.file("none/log"));
  REQUIRE_FALSE(missing);
  CHECK(missing.error().where == dir.file("none/log"));
  CHECK(missing.error().what == "No such file or directory");
  CHECK_FALSE(LogOutput::open(dir.path().string()));
}

TEST_CASE("log output: a FIFO without a reader is refused at once") {
  const support::TempDir dir;
  REQUIRE(::mkfifo(dir.file("fifo").c_str(), 0600) == 0);
  const auto output = LogOutput::open(dir.file("fifo"));
  REQUIRE_FALSE(output);
  CHECK(output.error().what == "No such device or address");
}

TEST_CASE("log output: a full pipe answers EAGAIN, and stays blocking for those who share it") {
  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  const Fd reader(ends[0]);
  const Fd writer(ends[1]);
  const auto output = LogOutput::inherit(writer.get(), "pipe");
  REQUIRE(output);
  CHECK(fill_output(*output) > 0);
  CHECK((::fcntl(writer.get(), F_GETFL) & O_NONBLOCK) == 0);
  CHECK(output->batch_bytes_max() == PIPE_BUF);
}

TEST_CASE("log output: a full socket answers EAGAIN, and stays blocking for those who share it") {
  std::array<int, 2> ends{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
  const Fd reader(ends[0]);
  const Fd writer(ends[1]);
  const auto output = LogOutput::inherit(writer.get(), "socket");
  REQUIRE(output);
  CHECK(fill_output(*output) > 0);
  CHECK((::fcntl(writer.get(), F_GETFL) & O_NONBLOCK) == 0);
}

TEST_CASE("log output: a socket whose reader went away is an errno, not a signal") {
  std::array<int, 2> ends{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
  const Fd writer(ends[1]);
  ::close(ends[0]);
  const auto output = LogOutput::inherit(writer.get(), "socket");
  REQUIRE(output);
  CHECK(write_text(*output, "x\n") == -1);
  CHECK(errno == EPIPE);
}

// An eventfd is full when its counter is, and cannot be opened a second time.
TEST_CASE("log output: what cannot be opened anew is asked before it is written to") {
  const Fd event(::eventfd(0, EFD_CLOEXEC));
  const auto output = LogOutput::inherit(event.get(), "event");
  REQUIRE(output);
  const std::uint64_t most = UINT64_MAX - 1;
  const std::string_view bytes(reinterpret_cast<const char*>(&most), sizeof(most));
  CHECK(write_text(*output, bytes) == 8);
  CHECK(write_text(*output, bytes) == -1);
  CHECK(errno == EAGAIN);
}

TEST_CASE("log output: a standard stream that is a file is written where the others write") {
  const support::TempDir dir;
  const std::string path = dir.file("log");
  const Fd shared(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  REQUIRE(::write(shared.get(), "one\n", 4) == 4);
  const auto output = LogOutput::inherit(shared.get(), "stdout");
  REQUIRE(output);
  CHECK(write_text(*output, "two\n") == 4);
  REQUIRE(::write(shared.get(), "three\n", 6) == 6);
  CHECK(support::read_file(path) == "one\ntwo\nthree\n");
}

TEST_CASE("log output: standard streams are known by name, and a closed one is an error") {
  CHECK(is_standard_stream("stdout"));
  CHECK(is_standard_stream("stderr"));
  CHECK_FALSE(is_standard_stream("/var/log/stdout"));
  const auto output = LogOutput::open("stderr");
  REQUIRE(output);
  CHECK(output->name() == "stderr");
  const auto closed = LogOutput::inherit(-1, "stdout");
  REQUIRE_FALSE(closed);
  CHECK(closed.error().text() == "stdout: Bad file descriptor");
}

TEST_CASE("log output: closes its descriptor, once, wherever it was moved to") {
  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  const Fd reader(ends[0]);
  {
    auto output = LogOutput::inherit(ends[1], "pipe");
    ::close(ends[1]);
    REQUIRE(output);
    LogOutput moved = std::move(*output);
    auto other = LogOutput::open("stderr");
    REQUIRE(other);
    moved = std::move(*other);
  }
  char byte = 0;
  CHECK(::read(reader.get(), &byte, 1) == 0);  // no writer is left
}

}  // namespace
}  // namespace sluice::observe
