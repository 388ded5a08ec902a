// SPDX-License-Identifier: MIT
// argv -> Config -> Server. Each command is one function; exit codes: 0 ok, 1 runtime, 2 usage,
// 3 bad configuration.
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "conf/load.h"
#include "conf/schema.h"
#include "proxy/admin_command.h"
#include "proxy/base/output.h"
#include "proxy/server/guard_rules.h"
#include "proxy/server/server.h"
#include "proxy/server/version.h"
#include "tls/certificates.h"

namespace sluice {
namespace {

enum ExitCode { Ok = 0, RuntimeError = 1, WrongUsage = 2, BadConfig = 3 };

using Arguments = std::vector<std::string_view>;

constexpr std::string_view kHelp = R"(Sluice: a layer-7 reverse proxy and load balancer.

  sluice run FILE                          runs the proxy; SIGHUP reloads FILE, SIGTERM drains
  sluice check FILE                        says all that is wrong with FILE
  sluice proxy ADDRESS to BACKEND...       a whole proxy without a file:
                                             sluice proxy :8080 to localhost:9000 localhost:9001
         --print-config                    prints the file that it stands for, and ends
  sluice cache stats                       what the cache of a running process holds
  sluice cache purge url|prefix|host|tag TEXT, or: purge all
         --soft                            keeps what it finds, to be validated
  sluice block list                        who is put away
  sluice block add ADDRESS[/BITS]          puts a client away, or a block of them
         --for DURATION                    for so long (1h)
  sluice block del ADDRESS[/BITS]          lets out all within it
         --admin ADDRESS                   of the admin listener (127.0.0.1:9901), for both
         --token-file FILE                 that holds its token
  sluice schema [--markdown]               the JSON Schema of the file, or its reference
  sluice version                           the version
  sluice help                              this

Exit codes: 0 ok, 1 runtime error, 2 wrong usage, 3 bad configuration.
)";

// What was asked for and cannot be written is an error.
ExitCode answer(std::string_view text) {
  return print_out(text) ? Ok : RuntimeError;
}

int usage_error(std::string_view what) {
  print_error(fmt::format("sluice: {}\nTry \"sluice help\".\n", what));
  return WrongUsage;
}

conf::LoadOptions load_options() {
  conf::LoadOptions options;
  options.check.certificate_check = [](const conf::Certificate& certificate) {
    return tls::check_certificate(certificate.cert, certificate.key);
  };
  return options;
}

void print_errors(const std::vector<conf::Diagnostic>& errors) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody here ever changes the environment
  bool colour = isatty(STDERR_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr;
  print_error(conf::render(errors, colour));
}

// "http://[::]:8080 forwards to shop (10.0.0.1:80, 10.0.0.2:80)"
std::string describe(const conf::Config& config, const std::vector<std::string>& urls) {
  std::string text = fmt::format("sluice {} listens on {}", kVersion, fmt::join(urls, ", "));
  std::string_view separator = " and forwards to ";
  for (const auto& [name, pool] : config.pools) {
    text += std::exchange(separator, ", ");
    text += name + " (";
    for (std::size_t i = 0; i < pool.backends.size(); ++i) {
      text += (i == 0 ? "" : ", ") + pool.backends[i].address;
    }
    text += ")";
  }
  return text;
}

int serve(const conf::Config& config, server::Server::Reload reload) {
  auto server = server::Server::start(config, std::move(reload));
  if (!server) {
    const std::string text = server.error().text();
    print_error(fmt::format("sluice: {}\n", text));
    // The files of lists are read only by the server, and are part of the configuration.
    const auto broken = server::check_lists(config);
    return broken && broken->text() == text ? BadConfig : RuntimeError;
  }
  std::vector<std::string> urls = (*server)->listener_urls();
  std::string greeting = describe(config, urls) + "\n";
  for (const std::string& url : urls) greeting += "listening on " + url + "\n";
  print_out(greeting);
  return (*server)->run();
}

// One file name and nothing else.
bool names_a_file(const Arguments& arguments) {
  return arguments.size() == 1 && !arguments[0].starts_with('-');
}

int run(const Arguments& arguments) {
  if (!names_a_file(arguments)) return usage_error("run takes the name of a configuration file");
  server::Signals::block();  // one that comes while the file is read waits for the server
  std::string path(arguments[0]);
  auto load = [path]() -> std::optional<conf::Config> {
    conf::LoadOutcome outcome = conf::load_file(path, load_options());
    if (!outcome) print_errors(outcome.errors);
    return std::move(outcome.config);
  };
  std::optional<conf::Config> config = load();
  return config ? serve(*config, load) : BadConfig;
}

int check(const Arguments& arguments) {
  if (!names_a_file(arguments)) return usage_error("check takes the name of a configuration file");
  conf::LoadOutcome outcome = conf::load_file(std::string(arguments[0]), load_options());
  if (!outcome) {
    print_errors(outcome.errors);
    return BadConfig;
  }
  // At a start or a reload they are read anyway, and may be large.
  if (const auto error = server::check_lists(*outcome.config)) {
    print_error(fmt::format("{}: error: {}\n", arguments[0], error->text()));
    return BadConfig;
  }
  return answer(fmt::format("{}: ok\n", arguments[0]));
}

// "9000" and ":9000" are ports of this machine.
std::string backend_address(std::string_view text) {
  if (text.find_first_not_of("0123456789") == std::string_view::npos) {
    return fmt::format("localhost:{}", text);
  }
  return text.starts_with(':') ? fmt::format("localhost{}", text) : std::string(text);
}

conf::Config proxy_config(std::string_view listen, const Arguments& backends) {
  conf::Config config;
  config.listeners.emplace_back().address = listen;
  conf::Pool& pool = config.pools["backends"];
  for (std::string_view backend : backends) pool.backends.push_back({backend_address(backend)});
  conf::Route route;
  route.forward = conf::Forward{"backends"};
  config.routes.push_back(route);
  return config;
}

int proxy(Arguments arguments) {
  bool print_only = std::erase(arguments, "--print-config") > 0;
  if (arguments.size() < 3 || arguments[1] != "to") {
    return usage_error("proxy is written as: sluice proxy :8080 to localhost:9000");
  }
  conf::Config config =
      proxy_config(arguments[0], Arguments(arguments.begin() + 2, arguments.end()));
  // Through the loader, so that it is checked as any file is.
  std::string text = conf::to_json(config);
  conf::LoadOutcome outcome = conf::load_text("(command line)", text, load_options());
  if (!outcome) {
    print_errors(outcome.errors);
    return WrongUsage;
  }
  if (print_only) return answer(text);
  server::Signals::block();
  return serve(*outcome.config, [config = *outcome.config] { return std::optional(config); });
}

int schema(const Arguments& arguments) {
  if (arguments.empty()) return answer(conf::json_schema() + "\n");
  if (arguments.size() > 1 || arguments[0] != "--markdown") {
    return usage_error("schema takes nothing, or --markdown");
  }
  return answer(conf::reference_markdown());
}

int ask_admin(const AdminCommand& command) {
  return command.wrong.empty() ? run_admin_command(command) : usage_error(command.wrong);
}

int cache(const Arguments& arguments) {
  return ask_admin(parse_cache_command(arguments));
}

int block(const Arguments& arguments) {
  return ask_admin(parse_block_command(arguments));
}

int version(const Arguments&) {
  return answer(fmt::format("sluice {}\n", kVersion));
}

int help(const Arguments&) {
  return answer(kHelp);
}

struct Command {
  std::string_view name;
  int (*run)(const Arguments&);
};

constexpr Command kCommands[] = {
    {"run", run},
    {"check", check},
    {"proxy", [](const Arguments& arguments) { return proxy(arguments); }},
    {"cache", cache},
    {"block", block},
    {"schema", schema},
    {"version", version},
    {"--version", version},
    {"help", help},
    {"--help", help},
    {"-h", help},
};

int main_of(const Arguments& arguments) {
  if (arguments.empty()) {
    print_error(kHelp);
    return WrongUsage;
  }
  for (const Command& command : kCommands) {
    if (command.name == arguments[0]) {
      return command.run(Arguments(arguments.begin() + 1, arguments.end()));
    }
  }
  return usage_error(fmt::format("there is no command \"{}\"", arguments[0]));
}

}  // namespace
}  // namespace sluice

int main(int argc, char** argv) {
  return sluice::main_of({argv + 1, argv + argc});
}
