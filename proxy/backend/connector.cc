// SPDX-License-Identifier: MIT
#include "proxy/backend/connector.h"

#include <cerrno>
#include <optional>
#include <utility>

#include "proxy/net/address.h"
#include "proxy/net/connect.h"

namespace sluice::backend {

Connector::Opened Connector::connect(const Target& target, BackendStream::Events* events) {
  std::optional<net::Address> address = net::Address::parse(target.address);
  if (!address) return {nullptr, {ProblemKind::ConnectFailed}};
  shared_.counters.attempted.add();
  net::ConnectAttempt attempt = net::start_connect(*address);
  if (!attempt.fd.valid()) return {nullptr, connect_problem(attempt.error)};
  return {BackendStreamHandle(new Http1Stream(shared_, target, std::move(attempt.fd), events)), {}};
}

}  // namespace sluice::backend
