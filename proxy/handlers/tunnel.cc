// SPDX-License-Identifier: MIT
#include "proxy/handlers/tunnel.h"

#include <algorithm>

namespace sluice::handlers {

Tunnel::Tunnel(exchange::Exchange& exchange, backend::BackendStream& stream,
               std::chrono::milliseconds idle, net::Timer::Callback on_idle)
    : exchange_(exchange),
      stream_(stream),
      idle_(idle),
      up_(exchange.rules().request_watermark_bytes),
      down_(exchange.rules().response_watermark_bytes),
      timer_(exchange.services().loop.timers(), on_idle) {
  up_.attach(&exchange_, &stream_);
  down_.attach(&stream_, &exchange_);
  exchange_.resume();
  touch();
}

void Tunnel::touch() {
  std::chrono::milliseconds patience = idle_;
  if (client_ended_ || backend_ended_) {
    patience = std::min<std::chrono::milliseconds>(patience, kHalfClosedIdle);
  }
  timer_.set(exchange_.services().loop.now() + patience);
}

void Tunnel::on_client_bytes(std::string_view bytes) {
  touch();
  up_.on_data(bytes);
}

void Tunnel::on_client_end() {
  client_ended_ = true;
  touch();
  stream_.finish({});
}

void Tunnel::on_client_drained() {
  touch();
  down_.on_drained();
}

void Tunnel::on_backend_bytes(std::string_view bytes) {
  touch();
  down_.on_data(bytes);
}

void Tunnel::on_backend_end() {
  backend_ended_ = true;
  touch();
  exchange_.shut();
}

void Tunnel::on_backend_drained() {
  touch();
  up_.on_drained();
}

}  // namespace sluice::handlers
