// SPDX-License-Identifier: MIT
// Configurations: loading throws nothing and answers with a Config or with errors that have a
// place; what loads is written so that it loads as the same Config, and a Snapshot can be compiled
// of it.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "balancer/backend_registry.h"
#include "conf/files.h"
#include "conf/load.h"
#include "conf/schema.h"
#include "proxy/server/snapshot.h"
#include "tests/fuzz/must.h"
#include "tests/fuzz/targets.h"
#include "tests/support/exact.h"

namespace sluice::fuzz {
namespace {

conf::LoadOutcome load(std::string_view text) {
  conf::LoadOptions options;
  options.directory = "/etc/sluice";
  options.check.read_files = false;
  return conf::load_text("fuzz.json", text, options);
}

void check_errors(const std::vector<conf::Diagnostic>& errors, std::string_view text) {
  const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
  for (const conf::Diagnostic& error : errors) {
    MUST(error.file == "fuzz.json" && !error.message.empty());
    MUST(error.line >= 1 && error.line <= lines);
    MUST(error.column >= 1 && error.caret_length >= 1);
    MUST(error.column <= error.source_line.size() + 1);
    MUST(error.source_line.find('\n') == std::string::npos);
  }
  for (const bool colour : {false, true}) {
    const std::string shown = conf::render(errors, colour, 3);
    MUST(shown.ends_with("error\n") || shown.ends_with("errors\n"));
    // Nothing of the file may steer the terminal.
    MUST(colour || std::none_of(shown.begin(), shown.end(), [](char c) {
           return c != '\n' && static_cast<unsigned char>(c) < 0x20;
         }));
  }
}

void check_written(const conf::Config& config) {
  const std::string text = conf::to_json(config);
  const conf::LoadOutcome again = load(text);
  if (!again)
    throw Broken("written as\n" + text + "\nit is refused:\n" + conf::render(again.errors, false));
  MUST(*again.config == config);
  MUST(conf::to_json(*again.config) == text);
}

// No files are read here; and that a block is both allowed and denied is found only with them.
void keep_inline(conf::AccessLists& lists) {
  if (!lists.deny.empty()) lists.allow.clear();
  for (std::vector<std::string>* list : {&lists.allow, &lists.deny}) {
    std::erase_if(*list, [](const std::string& e) { return e.starts_with(conf::kListFile); });
  }
}

// Neither certificates nor tokens are read here, and without them there is no TLS.
void check_compiled(conf::Config config) {
  keep_inline(config.access);
  for (conf::Route& route : config.routes) keep_inline(route.access);
  for (conf::Listener& listener : config.listeners) listener.tls.reset();
  std::vector<std::uint32_t> numbers;
  for (std::size_t i = 0; i < config.listeners.size(); ++i) {
    numbers.push_back(static_cast<std::uint32_t>(i));
  }
  std::optional<std::uint32_t> admin;
  if (config.admin) {
    config.admin->token_file.clear();
    admin = static_cast<std::uint32_t>(numbers.size());
  }
  balancer::BackendRegistry backends;
  observe::RouteRegistry routes(1);
  static const auto kTicketKeys =
      std::move(*tls::TicketKeys::create(tls::TicketKeys::Clock::now()));
  const net::HostAddresses names;
  cache::Store store({});
  static const auto kGuard =
      std::move(*access::Guard::create(1024, {.table = 16, .counters = 16, .hash_seed = {}}));
  const auto snapshot = server::compile({config,
                                         numbers,
                                         numbers.size() + 1,
                                         names,
                                         backends,
                                         *kTicketKeys,
                                         store,
                                         *kGuard,
                                         routes,
                                         admin,
                                         {}});
  if (!snapshot) throw Broken("it cannot be compiled: " + snapshot.error().text());
}

}  // namespace

void config(std::string_view bytes) {
  const support::Exact exact(bytes);
  const conf::LoadOutcome outcome = load(exact.view());
  MUST(outcome.config.has_value() == outcome.errors.empty());
  if (!outcome) return check_errors(outcome.errors, bytes);
  check_written(*outcome.config);
  check_compiled(*outcome.config);
}

}  // namespace sluice::fuzz
