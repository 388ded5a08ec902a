// SPDX-License-Identifier: MIT
// Admin: what the admin listener answers: the endpoints that it was given, at exact paths, and at
// "/" a list of them. It knows none of them: who builds it says what each does.
//
// An endpoint answers through an AdminReply, at once or later, from any thread: the answer travels
// to the exchange's worker by EventLoop::post() and is dropped there if the client has left.
// Immutable, shared by all workers, as every handler.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/exchange/handler.h"

namespace sluice::handlers {

struct AdminRequest {
  std::string query;  // behind the '?', as it was sent
  std::string body;   // at most Admin::kBodyBytesMax
};

struct AdminAnswer {
  int status = 200;  // a final one
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

// Where the answer to one request goes. Copies stand for the same request, whose client may be gone
// already. REQUIRES: the workers' loops live when send() is called, as they do until the control
// thread's loop has ended.
class AdminReply {
 public:
  struct Slot;
  explicit AdminReply(std::shared_ptr<Slot> slot) : slot_(std::move(slot)) {}

  // Any thread. The first answer counts, others are dropped.
  void send(AdminAnswer answer) const;

 private:
  std::shared_ptr<Slot> slot_;
};

struct AdminEndpoint {
  std::string method;   // "GET" serves HEAD, too
  std::string path;     // "/metrics"
  std::string summary;  // a few words for the list
  // On the worker's thread: must not block, and has to see to it that a reply is sent some day.
  std::function<void(AdminRequest request, AdminReply reply)> serve;
};

class Admin final : public exchange::Handler {
 public:
  static constexpr std::size_t kBodyBytesMax = 64 * 1024;

  // `token`: what clients send as "Authorization: Bearer TOKEN"; empty: nothing is asked for.
  Admin(std::vector<AdminEndpoint> endpoints, std::string token);
  Admin(const Admin&) = delete;
  Admin& operator=(const Admin&) = delete;

  ArenaPtr<exchange::Responder> respond(exchange::Exchange& exchange) const override;

 private:
  bool authorised(const exchange::Exchange& exchange) const;
  bool is_meant(const exchange::Exchange& exchange) const;
  std::string allowed_at(std::string_view path) const;
  std::string index() const;

  std::vector<AdminEndpoint> endpoints_;
  std::string token_;
  std::string index_;
};

// Whether both are the same, in a time that depends on their lengths alone.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace sluice::handlers
