// SPDX-License-Identifier: MIT
#include "tests/support/sluice_process.h"

#include <fmt/format.h>
#include <signal.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "tests/support/environment.h"

namespace sluice::support {
namespace {

constexpr std::string_view kListening = "listening on ";
constexpr std::string_view kReloaded = "configuration reloaded";
constexpr std::string_view kReloadFailed = "reload failed";

std::size_t count_listeners(std::string_view config) {
  const auto json = nlohmann::json::parse(config, nullptr, true, /*ignore_comments=*/true);
  return json.at("listeners").size();
}

}  // namespace

SluiceProcess::SluiceProcess(std::string_view config, const ProcessOptions& options)
    : config_path_(directory_.write("sluice.json", with_admin(config))),
      process_({sluice_binary(), "run", config_path_}, options) {
  const Deadline deadline;
  const std::size_t count = count_listeners(config);
  while (listeners_.size() < count) {
    const std::size_t start = process_.wait_for(Stream::Out, kListening, log_start_, deadline);
    log_start_ = process_.wait_for(Stream::Out, "\n", start, deadline);
    listeners_.push_back(process_.output(Stream::Out).substr(start, log_start_ - 1 - start));
  }
}

// At the end, where it moves nothing that a message about the config may point at.
std::string SluiceProcess::with_admin(std::string_view config) const {
  std::string text(config);
  const auto json = nlohmann::json::parse(text, nullptr, false, /*ignore_comments=*/true);
  if (!json.is_object() || json.empty() || json.contains("admin")) return text;
  text.insert(text.rfind('}'), fmt::format(R"(, "admin": {{"address": "unix:{}"}})", admin_path()));
  return text;
}

int SluiceProcess::port(std::size_t listener) const {
  const std::string& text = listeners_.at(listener);
  const char* end = text.data() + text.size();
  int port = 0;
  const auto [stopped, error] = std::from_chars(text.data() + text.rfind(':') + 1, end, port);
  if (error != std::errc{} || stopped != end) throw Failure("no port in " + text);
  return port;
}

RawClient SluiceProcess::connect(std::size_t listener, const ClientOptions& options) const {
  const std::string& text = listeners_.at(listener);
  const std::size_t unix_path = text.find("unix:");
  if (unix_path != std::string::npos) return RawClient(text.substr(unix_path + 5), options);
  return RawClient(port(listener), options);
}

bool SluiceProcess::reload(std::string_view config, Deadline deadline) {
  const std::size_t from = log().size();
  directory_.write("sluice.json", with_admin(config));
  process_.signal(SIGHUP);
  std::size_t seen = from;
  for (;;) {
    const std::size_t line_end = process_.wait_for(Stream::Err, "\n", seen, deadline);
    const std::string line = log().substr(seen, line_end - seen);
    if (line.find(kReloaded) != std::string::npos) return true;
    if (line.find(kReloadFailed) != std::string::npos) return false;
    seen = line_end;
  }
}

ExitStatus SluiceProcess::end_with(int signal, const Deadline& deadline) {
  process_.signal(signal);
  return process_.wait(deadline);
}

ExitStatus SluiceProcess::terminate(Deadline deadline) {
  return end_with(SIGTERM, deadline);
}
ExitStatus SluiceProcess::interrupt(Deadline deadline) {
  return end_with(SIGINT, deadline);
}

std::string SluiceProcess::access_log() const {
  return process_.output(Stream::Out).substr(log_start_);
}

void SluiceProcess::wait_for_access_log(std::string_view text, Deadline deadline) {
  process_.wait_for(Stream::Out, text, log_start_, deadline);
}

std::size_t SluiceProcess::wait_for_log(std::string_view text, std::size_t from,
                                        Deadline deadline) {
  return process_.wait_for(Stream::Err, text, from, deadline);
}

Finished check_config(std::string_view config) {
  const TempDir directory;
  return run_program({sluice_binary(), "check", directory.write("sluice.json", config)});
}

}  // namespace sluice::support
