// SPDX-License-Identifier: MIT
#include "tests/wire/cache/table.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <ctime>
#include <mutex>
#include <optional>

#include "tests/support/scripted_backend.h"
#include "tests/support/sluice_process.h"
#include "tests/wire/cache_rig.h"

namespace sluice::wire {

namespace {

using support::BackendConnection;
using support::Message;
using support::Request;
using support::Response;

using Lines = std::vector<std::string>;

Lines split(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('|'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// "$" and the dates, which count from `now`: the same in all steps of a row.
std::string filled_in(std::string text, std::string_view path, std::time_t now) {
  for (std::size_t at = text.find('$'); at != std::string::npos; at = text.find('$', at)) {
    text.replace(at, 1, path);
    at += path.size();
  }
  for (std::size_t at = text.find('{'); at != std::string::npos; at = text.find('{')) {
    const std::size_t end = text.find('}', at);
    const long seconds = std::strtol(text.c_str() + at + 1, nullptr, 10);
    text.replace(at, end + 1 - at, http_date(now + seconds));
  }
  return text;
}

// Answers what it is told to, whatever it is asked.
class Teller {
 public:
  Teller() : backend_([this](BackendConnection& connection) { serve(connection); }) {}

  const support::ScriptedBackend& backend() const { return backend_; }
  int count() const { return backend_.request_count(); }
  Request last() const { return backend_.requests().back(); }

  void tell(std::string answer, std::string body) {
    const std::lock_guard lock(mutex_);
    answer_ = std::move(answer);
    body_ = std::move(body);
  }

 private:
  void serve(BackendConnection& connection) {
    while (const auto request = connection.recv_request()) {
      std::string text;
      {
        const std::lock_guard lock(mutex_);
        if (answer_ == "close") return;
        text = message(request->method == "HEAD");
      }
      connection.send(text);
    }
  }

  std::string message(bool to_head) const {
    if (answer_.empty()) return support::response_text(500, "nobody should have asked");
    const Lines lines = split(answer_);
    std::string text;
    for (const std::string& line : lines) {
      const bool is_status = line.find(':') == std::string::npos;
      if (is_status && !text.empty()) text += "\r\n";  // what came before was interim
      text += is_status ? "HTTP/1.1 " + line + " Status\r\n" : line + "\r\n";
    }
    const bool bodyless = text.find("HTTP/1.1 304") != std::string::npos ||
                          text.find("HTTP/1.1 204") != std::string::npos;
    if (bodyless) return text + "\r\n";
    if (text.find("Content-Length:") == std::string::npos) {
      text += fmt::format("Content-Length: {}\r\n", body_.size());
    }
    text += "\r\n";
    return to_head ? text : text + body_;
  }

  std::mutex mutex_;
  std::string answer_;
  std::string body_;
  support::ScriptedBackend backend_;
};

std::string check_field(const Message& message, std::string_view line) {
  if (line.starts_with('!')) {
    const bool there = message.has(line.substr(1));
    return there ? fmt::format("{}: it is there\n", line) : "";
  }
  const std::string name(line.substr(0, line.find(':')));
  const std::string wanted(line.substr(std::min(name.size() + 2, line.size())));
  std::string seen;
  for (const std::string& value : message.values(name)) seen += (seen.empty() ? "" : ", ") + value;
  bool fits = message.has(name) && seen == wanted;
  if (wanted.ends_with('+')) {
    constexpr long kTolerance = 120;
    const long least = std::strtol(wanted.c_str(), nullptr, 10);
    const long number = seen.empty() ? -1 : std::strtol(seen.c_str(), nullptr, 10);
    fits = number >= least && number <= least + kTolerance;
  } else if (wanted.starts_with('~')) {
    fits = seen.find(wanted.substr(1)) != std::string::npos;
  }
  return fits ? "" : fmt::format("{}: it is \"{}\"\n", line, seen);
}

std::string check_message(const Message& message, std::string_view first,
                          std::string_view expected) {
  const Lines lines = split(expected);
  std::string wrong;
  if (lines.at(0) != first) wrong = fmt::format("not {} but {}\n", lines[0], first);
  for (std::size_t i = 1; i < lines.size(); ++i) wrong += check_field(message, lines[i]);
  return wrong;
}

class RowRun {
 public:
  RowRun(Teller& teller, const support::SluiceProcess& sluice, std::string path)
      : teller_(teller), sluice_(sluice), path_(std::move(path)) {}

  // What is wrong; empty: nothing.
  std::string run(const Step& step, std::size_t index) {
    const int asked_before = teller_.count();
    const bool may_ask = !step.origin.empty();
    teller_.tell(filled_in(step.origin, path_, now_), body_of_step(index));
    const Response response = send(step.ask);
    std::string wrong = check_message(response, std::to_string(response.status), step.see);
    const int asked = teller_.count() - asked_before;
    if (!may_ask && asked > 0) wrong += "the origin was asked\n";
    if (may_ask && asked == 0) wrong += "the origin was not asked\n";
    if (asked > 1 && step.origin != "close") wrong += fmt::format("it was asked {}x\n", asked);
    if (asked > 0 && !step.told.empty()) {
      const Request request = teller_.last();
      wrong += check_message(request, request.method, filled_in(step.told, path_, now_));
    }
    const bool brings_body = may_ask && step.origin != "close" && step.origin.substr(0, 3) != "304";
    if (brings_body) body_ = body_of_step(index);
    return wrong + check_body(response, step);
  }

 private:
  Response send(const std::string& ask) {
    Lines lines = split(filled_in(ask, path_, now_));
    const std::string method = lines[0].substr(0, lines[0].find(' '));
    std::string target = lines[0].substr(std::min(method.size() + 1, lines[0].size()));
    if (ask.find('$') == std::string::npos) target = path_ + target;
    std::string text = method + " " + target + " HTTP/1.1\r\n";
    bool has_host = false;
    for (std::size_t i = 1; i < lines.size(); ++i) {
      has_host = has_host || lines[i].starts_with("Host:");
      text += lines[i] + "\r\n";
    }
    if (!has_host) text += "Host: a.example\r\n";
    support::RawClient client = sluice_.connect();
    client.send(text + "\r\n");
    const auto to = method == "HEAD" ? support::ResponseTo::Head : support::ResponseTo::Get;
    for (;;) {
      Response response = support::read_response(client, to);
      if (response.status >= 200) return response;
    }
  }

  std::string check_body(const Response& response, const Step& step) const {
    std::string expected = step.body == "-" ? std::string() : step.body;
    if (step.body == "?") return "";
    if (step.body.empty()) {
      const bool is_ours = response.body.find("\nrequest id: ") != std::string::npos;
      const bool bodyless = step.ask.starts_with("HEAD") || response.status == 304 ||
                            response.status == 204 || response.status == 416 || is_ours;
      if (is_ours) return "";
      if (!bodyless) expected = body_;
    }
    return response.body == expected
               ? ""
               : fmt::format("body \"{}\", not \"{}\"\n", response.body, expected);
  }

  Teller& teller_;
  const support::SluiceProcess& sluice_;
  const std::string path_;
  const std::time_t now_ = std::time(nullptr);
  std::string body_;
};

}  // namespace

std::string body_of_step(std::size_t index) {
  return fmt::format("{}:abcdefghij", index);
}

void check_rows(const std::vector<Row>& rows, std::string_view cache) {
  Teller teller;
  support::SluiceProcess sluice(caching(teller.backend(), cache));
  int number = 0;
  for (const Row& row : rows) {
    RowRun run(teller, sluice, fmt::format("/r{}", number++));
    for (std::size_t i = 0; i < row.steps.size(); ++i) {
      const std::string wrong = run.run(row.steps[i], i);
      INFO(row.claim << "\n  step " << i << ": " << row.steps[i].ask << "\n" << wrong);
      CHECK(wrong.empty());
      if (!wrong.empty()) break;
    }
  }
  CHECK(teller.backend().failures() == std::vector<std::string>());
}

}  // namespace sluice::wire
