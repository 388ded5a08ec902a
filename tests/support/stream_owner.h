// SPDX-License-Identifier: MIT
// The owner of one net::Stream under test: writes down every event, reads what there is, and does
// in an event what the test asks for.
#pragma once

#include <array>
#include <cerrno>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/net/stream.h"

namespace sluice::support {

class StreamOwner final : public net::Retired, private net::Stream::Owner {
 public:
  // The arguments are those of Stream's constructors behind its owner.
  template <typename... More>
  StreamOwner(net::EventLoop& loop, Fd fd, More&&... more)
      : stream(loop, std::move(fd), this, std::forward<More>(more)...) {}

  // Reads until Again or the end; returns what came.
  std::string read_all(std::size_t piece_bytes = 64 * 1024) {
    std::string out;
    std::vector<char> piece(piece_bytes);
    for (;;) {
      last = stream.read(piece);
      if (last.status != IoStatus::Ok) return out;
      out.append(piece.data(), last.bytes);
    }
  }

  std::size_t count(std::string_view event) const {
    std::size_t found = 0;
    for (const std::string& one : events) found += one == event ? 1U : 0U;
    return found;
  }

  // What happens in an event besides being written down; without one, "readable" reads all into
  // `received`.
  std::map<std::string, std::function<void()>, std::less<>> on;
  std::vector<std::string> events;  // "readable", "drained", "finished", "broken", "established"
  std::string received;
  IoResult last{};
  int error = -1;  // of "broken"
  bool takes_ahead = false;
  net::Stream stream;

 private:
  void on_readable() override {
    if (!on.contains("readable")) {
      events.emplace_back("readable");
      received += read_all();
    } else {
      note("readable");
    }
  }
  bool takes_held() const override { return takes_ahead; }
  void on_drained() override { note("drained"); }
  void on_output_finished() override { note("finished"); }
  void on_broken(int why) override {
    error = why;
    note("broken");
  }
  void on_established() override { note("established"); }

  void note(const std::string& event) {
    events.push_back(event);
    const auto action = on.find(event);
    if (action != on.end()) action->second();
  }
};

}  // namespace sluice::support
