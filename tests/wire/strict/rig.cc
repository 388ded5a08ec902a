// SPDX-License-Identifier: MIT
#include "tests/wire/strict/rig.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <utility>

#include "tests/support/test_certificates.h"

namespace sluice::wire {

namespace {

using support::BackendConnection;
using support::Connection;

// What is told to every backend has rows of its own, with the host id.example; it would make all
// the others hard to read.
constexpr std::string_view kQuiet =
    R"("X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Request-Id", "Via")";

std::string forward(std::string_view host, std::string_view edits) {
  return fmt::format(
      R"({{"match": {{{}}}, "forward": {{"pool": "p"}}, "headers": {{"request": {{{}}}}}}},)",
      host.empty() ? std::string() : fmt::format(R"("host": "{}")", host), edits);
}

std::string value_of(std::string_view line, std::string_view key, std::string_view end) {
  const std::size_t at = line.find(key);
  if (at == std::string_view::npos) return {};
  const std::size_t from = at + key.size();
  return std::string(line.substr(from, line.find(end, from) - from));
}

}  // namespace

StrictRig::StrictRig()
    : backend_([this](BackendConnection& connection) { serve(connection); }), sluice_(config()) {}

std::string StrictRig::config() {
  const support::TestCertificate certificate =
      support::make_certificate(directory_.path(), "a", {});
  const std::string quiet = fmt::format(R"("remove": [{}])", kQuiet);
  return fmt::format(
             R"({{"workers": 1, "access_log": {{"format": "json"}}, "limits": {{"body": "1MiB"}},
                "listeners": [{{"address": "127.0.0.1:0"}}, {{"address": "127.0.0.1:0",
                  "tls": {{"certificates": [{{"cert": "{}", "key": "{}"}}]}}}}],
                "pools": {{"p": {{"backends": ["{}"], "max_fails": 0}}}}, "routes": [)",
             certificate.cert_path, certificate.key_path, backend_.address()) +
         forward("", quiet) + forward("id.example", "") +
         forward("allow.example", quiet + R"(, "allow": ["X_Api_Key", "Trace.Id"])") +
         forward("edit.example",
                 fmt::format(R"("set": {{"X-User": "alice"}}, "remove": ["X-Role", {}])", kQuiet)) +
         R"({"match": {"path": "/admin/*"}, "respond": {"status": 403, "body": "no"}}]})";
}

support::RawClient StrictRig::connect(bool tls) const {
  support::RawClient client = sluice_.connect(tls ? 1 : 0);
  if (tls) client.handshake();
  return client;
}

void StrictRig::plan(const Plan& plan) {
  const std::lock_guard lock(mutex_);
  plan_ = plan;
}

std::string StrictRig::take_seen() {
  const std::lock_guard lock(mutex_);
  return std::exchange(seen_, {});
}

int StrictRig::last_connection() {
  const std::lock_guard lock(mutex_);
  return last_connection_;
}

// A request that is cut short throws, and is not written down.
void StrictRig::serve(BackendConnection& connection) {
  while (!connection.peek(1).empty()) {
    const std::string request = take_request(connection);
    {
      const std::lock_guard lock(mutex_);
      seen_ += request;
      last_connection_ = connection.number();
    }
    if (!answer(connection, request.starts_with("HEAD "))) return;
  }
}

bool StrictRig::answer(BackendConnection& connection, bool to_head) {
  Plan plan;
  {
    const std::lock_guard lock(mutex_);
    plan = plan_;
  }
  const std::string_view usual = to_head ? kOkHead : kOk;
  const std::string_view bytes = plan.answer ? std::string_view(*plan.answer) : usual;
  const bool sent = connection.try_send(bytes.substr(0, plan.split)) &&
                    connection.try_send(bytes.substr(plan.split));
  return sent && !plan.closes;
}

std::string StrictRig::sentinel(Connection& client) {
  std::string request = fmt::format("GET /sentinel/{} HTTP/1.1\r\nHost: a\r\n\r\n", ++sentinels_);
  plan({});
  client.send(request);
  CHECK(take_response(client, false) == kOk);
  expect_logged({200, "ok", {}});
  return request;
}

void StrictRig::check_log() {
  support::RawClient client = connect();
  const std::string last = sentinel(client);
  support::Process& process = sluice_.process();
  const std::string path = value_of(last, "GET ", " HTTP") + "\"";
  process.wait_for(support::Stream::Out, "\n", process.wait_for(support::Stream::Out, path));
  const std::string log = sluice_.access_log();
  std::string_view rest = log;
  for (std::size_t i = 0; i < logged_.size(); ++i) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    INFO("line " << i << " of the log: " << line);
    REQUIRE(value_of(line, "\"status\":", ",") == std::to_string(logged_[i].status));
    REQUIRE(value_of(line, "\"end\":\"", "\"") == logged_[i].word);
    if (!logged_[i].id.empty()) CHECK(value_of(line, "\"id\":\"", "\"") == logged_[i].id);
  }
  CHECK(rest.empty());
}

}  // namespace sluice::wire
