// SPDX-License-Identifier: MIT
#include "proxy/handlers/download.h"

#include <array>
#include <utility>

namespace sluice::handlers {

void Download::stop() {
  pipe_.reset();
  pump_.detach();
}

// Whoever lets more than a pipe be held wants the backend to be free earlier: that needs memory.
std::size_t Download::piped_max() const {
  const std::size_t most = exchange_.rules().response_watermark_bytes;
  const std::size_t held = exchange_.unsent();
  if (pipe_ != nullptr || most > Pipe::kBytes || held >= most) return 0;
  return exchange_.takes_pipe() ? most - held : 0;
}

// Behind what is in the pipe: a backend that broke is read to its end although it was paused.
void Download::on_body(std::string_view bytes) {
  take_from_pipe();
  pump_.on_data(bytes);
}

void Download::on_piped(PipePool::Handle pipe, std::uint64_t rest) {
  pipe_ = std::move(pipe);
  rest_ = rest;
  if (!empty_pipe()) pump_.pause();
}

void Download::on_client_drained() {
  if (pipe_ == nullptr) return pump_.on_drained();
  if (empty_pipe()) pump_.resume();
}

// Where all that is left may be held, it is: the backend shall not wait for this client any longer.
bool Download::empty_pipe() {
  exchange_.send_pipe(*pipe_);
  const std::uint64_t to_hold = exchange_.unsent() + pipe_->size() + rest_;
  if (!pipe_->empty() && to_hold > exchange_.rules().response_watermark_bytes) return false;
  take_from_pipe();
  return true;
}

void Download::take_from_pipe() {
  if (pipe_ == nullptr) return;
  std::array<char, 16 * 1024> bytes;
  while (!pipe_->empty()) exchange_.write({bytes.data(), pipe_->take(bytes)});
  pipe_.reset();
}

}  // namespace sluice::handlers
