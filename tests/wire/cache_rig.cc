// SPDX-License-Identifier: MIT
#include "tests/wire/cache_rig.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "tests/support/metrics.h"

namespace sluice::wire {

using support::BackendConnection;
using support::Request;
using support::Response;
using support::ScriptedBackend;

Origin::Origin(std::map<std::string, std::vector<OriginAnswer>> answers)
    : answers_(std::move(answers)),
      backend_([this](BackendConnection& connection) { serve(connection); }) {}

void Origin::serve(BackendConnection& connection) {
  while (const auto request = connection.recv_request()) {
    const std::string path = request->target;
    OriginAnswer answer{404, {}, "no such path"};
    {
      const std::lock_guard lock(mutex_);
      const auto known = answers_.find(path);
      if (known != answers_.end()) {
        const std::size_t number = asked_[path]++;
        answer = known->second[std::min(number, known->second.size() - 1)];
      }
    }
    const bool bodyless = answer.status == 304 || answer.status == 204;
    if (!bodyless && request->method != "HEAD") {
      connection.respond(answer.status, answer.body, answer.fields);
      continue;
    }
    std::string head = "HTTP/1.1 " + std::to_string(answer.status) + " X\r\n";
    for (const auto& [name, value] : answer.fields) {
      head.append(name).append(": ").append(value).append("\r\n");
    }
    connection.send(head + "\r\n");
  }
}

std::vector<Request> Origin::requests(std::string_view target) const {
  std::vector<Request> all = backend_.requests();
  std::erase_if(all, [target](const Request& request) { return request.target != target; });
  return all;
}

std::string caching(const ScriptedBackend& backend, std::string_view cache, std::string_view more) {
  std::string text = R"({"workers": 2, "listeners": [{"address": "127.0.0.1:0"}], )";
  text += R"("access_log": {"format": "json"}, "pools": {"p": {"backends": [")";
  text += backend.address() + R"("], "max_fails": 0}}, "routes": [{"forward": {"pool": "p"}, )";
  text += "\"cache\": {" + std::string(cache) + "}}]";
  if (!more.empty()) text += ", " + std::string(more);
  return text + "}";
}

Response ask(const support::SluiceProcess& sluice, std::string_view method, std::string_view target,
             std::string_view fields) {
  support::RawClient client = sluice.connect();
  std::string request;
  request.append(method).append(" ").append(target).append(" HTTP/1.1\r\nHost: a.example\r\n");
  request.append(fields).append("\r\n");
  client.send(request);
  return read_response(client,
                       method == "HEAD" ? support::ResponseTo::Head : support::ResponseTo::Get);
}

Response get(const support::SluiceProcess& sluice, std::string_view target,
             std::string_view fields) {
  return ask(sluice, "GET", target, fields);
}

std::string as_chunk(std::string_view bytes) {
  char size[32];
  std::snprintf(size, sizeof(size), "%zx\r\n", bytes.size());
  return size + std::string(bytes) + "\r\n";
}

std::string chunked_head(std::string_view fields, int status) {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\nCache-Control: max-age=1000\r\n" +
         std::string(fields) + "Transfer-Encoding: chunked\r\n\r\n";
}

std::string cache_stats(const support::SluiceProcess& sluice) {
  support::RawClient admin = sluice.connect_admin();
  admin.send("GET /cache/stats HTTP/1.1\r\nHost: a\r\n\r\n");
  return read_response(admin).body;
}

support::Response post_to_admin(const support::SluiceProcess& sluice, const std::string& target) {
  support::RawClient admin = sluice.connect_admin();
  admin.send("POST " + target + " HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
  return read_response(admin);
}

std::string http_date(std::time_t time) {
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  char text[64];
  const std::size_t size = std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text, size};
}

std::vector<support::RawClient> crowd(const support::SluiceProcess& sluice, int count,
                                      std::string_view fields) {
  std::vector<support::RawClient> clients;
  clients.reserve(static_cast<std::size_t>(count));
  const std::string request = "GET /a HTTP/1.1\r\nHost: a.example\r\n" + std::string(fields);
  for (int i = 0; i < count; ++i) {
    clients.push_back(sluice.connect());
    clients.back().send(request + "\r\n");
  }
  return clients;
}

void wait_for_in_flight(const support::SluiceProcess& sluice, int count) {
  const support::Deadline deadline;
  while (support::scrape(sluice).value("sluice_requests_in_flight") != count) {
    if (deadline.expired()) throw support::Failure("not as many requests in flight");
  }
}

}  // namespace sluice::wire
