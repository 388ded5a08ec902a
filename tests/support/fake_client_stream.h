// SPDX-License-Identifier: MIT
// A ClientStream that writes down what it is told, for tests of an Exchange without sockets.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/exchange/client_stream.h"

namespace sluice::support {

// A response head with text of its own: what it was made from may be gone.
struct RecordedHead {
  explicit RecordedHead(const http::ResponseHead& head)
      : status(head.status),
        reason(head.reason),
        body(head.body),
        keep_alive(head.keep_alive),
        upgrade(head.upgrade),
        fields(copy(head.fields)) {}

  using Fields = std::vector<std::pair<std::string, std::string>>;

  static Fields copy(const http::Fields& from) {
    Fields to;
    for (const http::Field& field : from) to.emplace_back(field.name, field.value);
    return to;
  }

  bool has(std::string_view name) const { return !values(name).empty(); }

  std::vector<std::string> values(std::string_view name) const {
    std::vector<std::string> found;
    for (const auto& [other, value] : fields) {
      if (http::iequals(name, other)) found.push_back(value);
    }
    return found;
  }

  // The one value of that name; empty when it is absent.
  std::string field(std::string_view name) const {
    const std::vector<std::string> found = values(name);
    if (found.size() > 1) throw std::logic_error(std::string(name) + " came twice");
    return found.empty() ? std::string() : found.front();
  }

  int status;
  std::string reason;
  http::BodyFraming body;
  bool keep_alive;
  bool upgrade;
  Fields fields;
};

class FakeClientStream final : public exchange::ClientStream {
 public:
  // --- What was told ---

  std::vector<RecordedHead> informational;
  std::optional<RecordedHead> head;
  std::string body;
  RecordedHead::Fields trailers;
  bool finished = false;
  bool aborted = false;
  bool tunnel = false;
  bool shut_once = false;
  bool over = false;
  int pauses = 0;
  int resumes = 0;
  // Calls in an order that the port forbids, such as a body before the head; empty if there were
  // none.
  std::string misuse;

  // --- What is answered ---

  std::size_t unsent_bytes = 0;
  bool takes_pipes = false;
  std::size_t pipe_room = 1'000'000;  // bytes of pipes that it still takes

  void pause() override { ++pauses; }
  void resume() override { ++resumes; }

  void write(std::string_view bytes) override {
    if (!head || ended()) note("write");
    body += bytes;
  }
  std::size_t unsent() const override { return unsent_bytes; }
  bool takes_pipe() const override { return takes_pipes; }
  std::size_t send_pipe(Pipe& pipe) override {
    if (!head || ended() || !takes_pipes) note("send_pipe");
    std::size_t sent = 0;
    std::string bytes;
    while (!pipe.empty() && pipe_room > 0) {
      bytes.resize(std::min(pipe.size(), pipe_room));
      const std::size_t count = pipe.take(bytes);
      body.append(bytes, 0, count);
      pipe_room -= count;
      sent += count;
    }
    return sent;
  }

  void send_informational(const http::ResponseHead& interim) override {
    if (head || ended()) note("send_informational");
    informational.emplace_back(interim);
  }
  void send_head(const http::ResponseHead& final_head) override {
    if (head || ended()) note("send_head");
    head.emplace(final_head);
  }
  void open_tunnel(const http::ResponseHead& last_head) override {
    send_head(last_head);
    tunnel = true;
  }
  void shut() override {
    if (!tunnel || ended() || shut_once) note("shut");
    shut_once = true;
  }
  void finish(const http::Fields& fields) override {
    if (!head || ended()) note("finish");
    trailers = RecordedHead::copy(fields);
    finished = true;
  }
  void abort() override {
    if (ended()) note("abort");
    aborted = true;
  }
  void exchange_over() override {
    if (over || !ended()) note("exchange_over");
    over = true;
  }

 private:
  bool ended() const { return finished || aborted || over; }
  void note(std::string_view call) { misuse.append(call).append(";"); }
};

}  // namespace sluice::support
