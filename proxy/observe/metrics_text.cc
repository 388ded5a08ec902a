// SPDX-License-Identifier: MIT
#include "proxy/observe/metrics_text.h"

#include <fmt/format.h>

#include <iterator>
#include <map>
#include <span>

namespace sluice::observe {

namespace {

// Writes families of series one after the other: HELP, TYPE, then the samples.
class Writer {
 public:
  void counter(std::string_view name, std::string_view help, std::uint64_t value) {
    family(name, "counter", help);
    sample("", value);
  }
  template <typename Value>
  void gauge(std::string_view name, std::string_view help, Value value) {
    family(name, "gauge", help);
    sample("", value);
  }
  void family(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    print("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
  }

  // Of the last family. `labels` with their braces, or nothing.
  template <typename Value>
  void sample(std::string_view labels, Value value, std::string_view suffix = {}) {
    print("{}{}{} {}\n", name_, suffix, labels, value);
  }

  std::string take() { return fmt::to_string(text_); }

 private:
  template <typename... Values>
  void print(fmt::format_string<Values...> format, Values&&... values) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Values>(values)...);
  }

  fmt::memory_buffer text_;
  std::string_view name_;
};

void write_connections(const Totals& totals, Writer& out) {
  out.counter("sluice_client_connections_accepted_total", "Client connections accepted.",
              totals.connections_accepted);
  out.counter("sluice_client_connections_closed_total", "Client connections that have ended.",
              totals.connections_closed);
  out.gauge("sluice_client_connections_open", "Client connections that are open.",
            totals.connections_open);
  out.counter("sluice_client_tls_handshakes_failed_total",
              "TLS handshakes that clients did not complete, or not well.",
              totals.handshakes_failed);
}

void write_guard(const Scrape& scrape, Writer& out) {
  const Totals& totals = scrape.totals;
  out.family("sluice_client_connections_refused_total", "counter",
             "Client connections closed at once, by the reason.");
  out.sample("{reason=\"denied\"}", totals.connections_denied);
  out.sample("{reason=\"jailed\"}", totals.connections_jailed);
  out.sample("{reason=\"too_many\"}", totals.connections_too_many);
  out.sample("{reason=\"too_fast\"}", totals.connections_too_fast);
  out.counter("sluice_requests_delayed_total", "Requests that had to wait for their turn.",
              totals.requests_delayed);
  out.counter("sluice_requests_shadowed_total",
              "Requests that a limit in shadow mode would have refused.", totals.requests_shadowed);
  out.counter("sluice_limit_untracked_total",
              "Requests and connections that passed a limit as its table had no room.",
              scrape.guard.untracked);
  out.gauge("sluice_jail_inmates", "Clients that are put away.", scrape.guard.inmates);
}

void write_durations(const Totals& totals, Writer& out) {
  out.family("sluice_request_duration_seconds", "histogram",
             "From the first byte of a request to its end, tunnels left out.");
  std::uint64_t up_to = 0;
  for (std::size_t i = 0; i < kDurationBounds.size(); ++i) {
    up_to += totals.durations[i];
    const double bound = std::chrono::duration<double>(kDurationBounds[i]).count();
    out.sample(fmt::format("{{le=\"{}\"}}", bound), up_to, "_bucket");
  }
  up_to += totals.durations.back();
  out.sample("{le=\"+Inf\"}", up_to, "_bucket");
  out.sample("", static_cast<double>(totals.duration_microseconds) / 1e6, "_sum");
  out.sample("", up_to, "_count");
}

// The two kinds that are told apart by their message have no word without one.
bool has_word(std::size_t end) {
  const auto index = [](exchange::Kind kind) { return static_cast<std::size_t>(kind); };
  return end != index(exchange::Kind::Malformed) && end != index(exchange::Kind::BadResponse) &&
         end != exchange::kKinds;
}

// Several failures share a word; the words are few, and all are there from the start, so that a
// rate over the first one that comes is right.
void write_ends(const Totals& totals, Writer& out) {
  std::map<std::string_view, std::uint64_t> by_word;
  for (std::size_t i = 0; i < kEnds; ++i) {
    if (!has_word(i) && totals.by_end[i] == 0) continue;
    by_word[exchange::word_of(end_at(i))] += totals.by_end[i];
  }
  out.family("sluice_request_ends_total", "counter",
             "Requests that have ended, by the word of the access log.");
  for (const auto& [word, count] : by_word) out.sample(fmt::format("{{end=\"{}\"}}", word), count);
}

void write_requests(const Totals& totals, Writer& out) {
  out.counter("sluice_requests_begun_total", "Requests that have begun.", totals.exchanges_begun);
  out.gauge("sluice_requests_in_flight", "Requests that have begun and not ended.",
            totals.exchanges_in_flight);
  out.family("sluice_requests_total", "counter",
             "Requests that have ended, by the class of their status; 499: the client left before "
             "its answer.");
  for (std::size_t i = 0; i < kStatusNames.size(); ++i) {
    out.sample(fmt::format("{{status=\"{}\"}}", kStatusNames[i]), totals.by_status[i]);
  }
  write_ends(totals, out);
  write_durations(totals, out);
  out.counter("sluice_request_body_bytes_total", "Bytes of request bodies received.",
              totals.request_bytes);
  out.counter("sluice_response_body_bytes_total", "Bytes of response bodies sent.",
              totals.response_bytes);
}

// `name`: escaped.
void write_route(std::string_view name, std::span<const std::uint64_t> by_status, Writer& out) {
  for (std::size_t i = 0; i < kStatusNames.size(); ++i) {
    out.sample(fmt::format("{{route=\"{}\",status=\"{}\"}}", name, kStatusNames[i]), by_status[i]);
  }
}

void write_routes(const Scrape& scrape, Writer& out) {
  out.family("sluice_route_requests_total", "counter",
             "Requests that have ended, by the route that they took; - if they found none.");
  for (const Scrape::Route& route : scrape.routes) {
    write_route(escape_label(route.name), route.by_status, out);
  }
  write_route("-", scrape.totals.unrouted, out);
}

void write_tunnels(const Totals& totals, Writer& out) {
  out.counter("sluice_tunnels_opened_total", "Requests that became a tunnel.",
              totals.tunnels_opened);
  out.counter("sluice_tunnels_ended_total", "Tunnels that have ended.", totals.tunnels_ended);
  out.gauge("sluice_tunnels_open", "Tunnels that are open.", totals.tunnels_open);
  out.counter("sluice_tunnel_received_bytes_total", "Bytes that clients sent through tunnels.",
              totals.tunnel_bytes_in);
  out.counter("sluice_tunnel_sent_bytes_total", "Bytes that were sent to clients through tunnels.",
              totals.tunnel_bytes_out);
}

template <typename Member>
void write_per_backend(const Scrape& scrape, std::string_view name, std::string_view type,
                       std::string_view help, Member Scrape::Backend::*member, Writer& out) {
  out.family(name, type, help);
  for (const Scrape::Backend& backend : scrape.backends) {
    out.sample(fmt::format("{{pool=\"{}\",backend=\"{}\"}}", escape_label(backend.pool),
                           escape_label(backend.address)),
               static_cast<std::uint64_t>(backend.*member));
  }
}

void write_backends(const Scrape& scrape, Writer& out) {
  const Totals& totals = scrape.totals;
  out.counter("sluice_backend_attempts_total",
              "Times that a backend was tried for a request, of requests that have ended.",
              totals.backend_attempts);
  out.counter("sluice_backend_retries_total", "Those of them that were not a request's first.",
              totals.backend_retries);
  out.counter("sluice_backend_connects_total", "Connections to backends that were tried.",
              totals.backend_connects);
  out.counter("sluice_backend_connections_opened_total", "Connections to backends that came up.",
              totals.backend_connections_opened);
  out.counter("sluice_backend_connections_reused_total",
              "Requests that found an idle connection to their backend.",
              totals.backend_connections_reused);
  using Backend = Scrape::Backend;
  write_per_backend(scrape, "sluice_backend_requests_total", "counter",
                    "Times that a backend was chosen for a request.", &Backend::requests, out);
  write_per_backend(scrape, "sluice_backend_failures_total", "counter",
                    "Failures that count against a backend.", &Backend::failures, out);
  write_per_backend(scrape, "sluice_backend_requests_in_flight", "gauge",
                    "Requests that a backend has now.", &Backend::in_flight, out);
  write_per_backend(scrape, "sluice_backend_up", "gauge",
                    "Whether a backend may be chosen, or is put aside.", &Backend::up, out);
}

void write_cache(const Scrape::Cache& cache, Writer& out) {
  out.family("sluice_cache_lookups_total", "counter", "Look-ups in the cache, by what they found.");
  out.sample("{result=\"hit\"}", cache.hits);
  out.sample("{result=\"miss\"}", cache.misses);
  out.sample("{result=\"pass\"}", cache.passes);
  out.sample("{result=\"join\"}", cache.joins);
  out.counter("sluice_cache_insertions_total", "Responses that were stored.", cache.insertions);
  out.counter("sluice_cache_evictions_total", "Responses that had to go for want of room.",
              cache.evictions);
  out.gauge("sluice_cache_entries", "Responses that are stored.", cache.entries);
  out.gauge("sluice_cache_bytes", "Memory of what is stored.", cache.bytes);
  out.gauge("sluice_cache_capacity_bytes", "Memory that it may take.", cache.capacity_bytes);
  out.gauge("sluice_cache_fetches", "Fetches for the cache that are under way.", cache.fetches);
}

void write_process(const Scrape& scrape, Writer& out) {
  out.family("sluice_build_info", "gauge", "Always 1; the version is a label.");
  out.sample(fmt::format("{{version=\"{}\"}}", escape_label(scrape.version)), 1);
  out.gauge("sluice_workers", "Threads that serve.", scrape.workers);
  out.gauge("sluice_draining", "Whether the process is on its way out.", scrape.draining ? 1 : 0);
  out.gauge("sluice_config_generation", "1, and one more with each reload that went well.",
            scrape.generation);
  out.family("sluice_config_reloads_total", "counter", "Reloads, by how they went.");
  out.sample("{result=\"ok\"}", scrape.reloads_done);
  out.sample("{result=\"failed\"}", scrape.reloads_failed);
  out.family("sluice_lists_reloads_total", "counter",
             "Reloads of lists whose files have changed, by how they went; those that failed are "
             "tried again.");
  out.sample("{result=\"ok\"}", scrape.lists_reloads_done);
  out.sample("{result=\"failed\"}", scrape.lists_reloads_failed);
  out.counter("sluice_access_log_dropped_lines_total",
              "Lines that the access log could not take in time.", scrape.log_lines_dropped);
  out.gauge("process_start_time_seconds", "When the process started, in seconds since 1970.",
            fmt::format("{:.3f}", scrape.start_seconds));
  out.family("process_cpu_seconds_total", "counter", "Processor time that the process has used.");
  out.sample("", fmt::format("{:.3f}", scrape.cpu_seconds));
}

}  // namespace

std::string escape_label(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '\\' || c == '"') out += '\\';
    out += c;
  }
  return out;
}

std::string metrics_text(const Scrape& scrape) {
  Writer out;
  write_connections(scrape.totals, out);
  write_guard(scrape, out);
  write_requests(scrape.totals, out);
  write_routes(scrape, out);
  write_tunnels(scrape.totals, out);
  write_backends(scrape, out);
  write_cache(scrape.cache, out);
  write_process(scrape, out);
  return out.take();
}

}  // namespace sluice::observe
