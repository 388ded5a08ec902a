// SPDX-License-Identifier: MIT
#include "proxy/client/acceptor.h"

#include <cstring>
#include <utility>

#include "proxy/base/log.h"
#include "proxy/client/admission.h"
#include "proxy/client/http1_session.h"

namespace sluice::client {

Acceptor::Acceptor(Shared& shared, Fd fd, std::uint32_t number)
    : shared_(shared), number_(number), listener_(shared.services.loop, std::move(fd), this) {}

void Acceptor::set_settings(ListenerSettings settings) {
  if (settings.defer_accept != settings_.defer_accept) listener_.defer(settings.defer_accept);
  settings_ = std::move(settings);
}

void Acceptor::set_session_limit(std::size_t sessions_max) {
  sessions_max_ = sessions_max;
  on_session_removed();
}

void Acceptor::on_session_removed() {
  if (!full()) listener_.resume();
}

void Acceptor::on_accepted(net::Listener& listener, Fd fd, const net::Address& peer) {
  if (!may_connect(peer)) {
    count_closed();
    if (complaints_.may_complain(shared_.services.loop.now())) {
      shared_.services.log.warn("{} is no trusted proxy and may not connect to {}", peer.text(),
                                listener.local().text());
    }
    return;
  }
  // Behind a PROXY header the client is not known yet.
  access::Pass pass;
  if (!settings_.proxy_protocol) {
    auto admitted = admit(shared_, number_, peer.is_unix() ? IpAddress() : peer.ip());
    if (!admitted) return count_closed();
    pass = std::move(*admitted);
  }
  shared_.sessions.add(std::make_unique<Http1Session>(
      shared_, Http1Session::Accepted{std::move(fd), peer, number_, settings_.tls,
                                      settings_.proxy_protocol, std::move(pass)}));
  if (full()) listener.pause();
}

// A connection that never becomes a session.
void Acceptor::count_closed() {
  shared_.services.counters.connections_accepted.add();
  shared_.services.counters.connections_closed.add();
}

// Who may say whose connection it passes on. A Unix socket's permissions have judged already.
bool Acceptor::may_connect(const net::Address& peer) const {
  return !settings_.proxy_protocol || peer.is_unix() ||
         shared_.rules->trusted_proxies.contains(peer.ip());
}

void Acceptor::on_accept_paused(net::Listener& listener, int error) {
  if (!complaints_.may_complain(shared_.services.loop.now())) return;
  shared_.services.log.error("accepting on {} pauses: {}", listener.local().text(),
                             strerrordesc_np(error));
}

}  // namespace sluice::client
