// SPDX-License-Identifier: MIT
#include "proxy/filters/compress.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <optional>
#include <string>
#include <utility>

#include "tests/support/decode.h"
#include "tests/support/exchange_rig.h"
#include "tests/support/run_loop.h"

namespace sluice::filters {
namespace {

using http::BodyKind;
using support::decode;

const std::string kText(5000, 'x');

struct Given {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> fields{{"Content-Type", "text/html"}};
  http::BodyFraming body{BodyKind::Length, 5000};

  bool is_coded() const {
    return std::any_of(fields.begin(), fields.end(),
                       [](const auto& field) { return field.first == "Content-Encoding"; });
  }
};

// Sends the head, and leaves the rest to the test.
class HeadOnly final : public exchange::Handler {
 public:
  explicit HeadOnly(Given given, bool tunnel = false) : given_(std::move(given)), tunnel_(tunnel) {}

  ArenaPtr<exchange::Responder> respond(exchange::Exchange& exchange) const override {
    return exchange.arena().make<Answer>(exchange, given_, tunnel_);
  }

 private:
  struct Answer final : exchange::Responder {
    Answer(exchange::Exchange& to, const Given& what, bool as_tunnel)
        : exchange(to), given(what), tunnel(as_tunnel) {}
    void start() override {
      http::ResponseHead& head = exchange.response_slot();
      head.status = given.status;
      head.reason = "R";
      head.body = given.body;
      for (const auto& [name, value] : given.fields) head.fields.add(name, value);
      tunnel ? exchange.open_tunnel(head) : exchange.send_head(head);
    }
    void on_request_body(std::string_view) override {}
    void on_request_end(const http::Fields&) override {}
    void on_client_drained() override {}
    void cancel() override {}

    exchange::Exchange& exchange;
    const Given& given;
    bool tunnel;
  };

  const Given given_;
  const bool tunnel_;
};

struct CompressRig : support::ExchangeRig {
  explicit CompressRig(Given given, std::string_view request = "GET / HTTP/1.1",
                       std::string_view fields = "Accept-Encoding: gzip\r\n", bool tunnel = false)
      : handler(std::move(given), tunnel) {
    services.encoders = &pool;
    route.filters = {&filter};
    std::string head(request);
    head.append("\r\nHost: a\r\n").append(fields).append("\r\n");
    run(handler, head);
  }
  ~CompressRig() { exchange.recycle(); }  // before the pool that it borrows from

  const support::RecordedHead& head() const { return *client.head; }
  bool compressed() const { return head().has("Content-Encoding"); }

  EncoderPool pool;
  Compress filter{{{Coding::Brotli, Coding::Zstd, Coding::Gzip},
                   {MediaPattern("text/*"), MediaPattern("application/json"),
                    MediaPattern("application/*+json")},
                   1024,
                   4}};
  HeadOnly handler;
};

TEST_CASE("compress: the body goes out compressed, and the head says so", "[filters][compress]") {
  CompressRig rig({200,
                   {{"Content-Type", "Text/HTML; charset=utf-8"},
                    {"ETag", "\"v1\""},
                    {"Accept-Ranges", "bytes"},
                    {"Vary", "Origin"}},
                   {BodyKind::Length, 5000}});
  CHECK(rig.head().field("Content-Encoding") == "gzip");
  CHECK(rig.head().field("ETag") == "W/\"v1\"");
  CHECK_FALSE(rig.head().has("Accept-Ranges"));
  CHECK(rig.head().values("Vary") == std::vector<std::string>{"Origin", "Accept-Encoding"});
  CHECK(rig.head().body == http::BodyFraming{BodyKind::Chunked});
  rig.exchange.write(std::string_view(kText).substr(0, 2000));
  rig.exchange.write(std::string_view(kText).substr(2000));
  rig.exchange.finish();
  const support::Decoded back = decode("gzip", rig.client.body);
  CHECK(back.whole);
  CHECK((back.text == kText));
  CHECK(rig.exchange.bytes_out() == rig.client.body.size());
  CHECK(rig.client.finished);
  CHECK(rig.pool.busy() == 0);
  CHECK(rig.client.misuse.empty());
}

TEST_CASE("compress: what is not compressed, and what of that depends on the client",
          "[filters][compress]") {
  struct Row {
    std::string why;
    Given given;
    bool compressed;
    bool varies;
  };
  using F = std::vector<std::pair<std::string, std::string>>;
  const F html = {{"Content-Type", "text/html"}};
  const auto with = [&html](std::string name, std::string value) {
    F fields = html;
    fields.emplace_back(std::move(name), std::move(value));
    return fields;
  };
  const http::BodyFraming large{BodyKind::Length, 1024};
  const std::vector<Row> rows = {
      {"large enough", {200, html, large}, true, true},
      {"chunked", {200, html, {BodyKind::Chunked}}, true, true},
      {"until close", {200, html, {BodyKind::UntilClose}}, true, true},
      {"an error", {500, html, large}, true, true},
      {"weak already", {200, with("ETag", "W/\"a\""), large}, true, true},
      {"a suffix", {200, {{"Content-Type", "application/problem+json"}}, large}, true, true},
      // Of what announces no size nobody knows before its end that it is so small.
      {"small", {200, html, {BodyKind::Length, 1023}}, false, true},
      {"empty", {200, html, {BodyKind::Length, 0}}, false, true},
      {"no body", {200, html, {BodyKind::None}}, false, true},
      {"an image", {200, {{"Content-Type", "image/png"}}, large}, false, false},
      {"half a suffix", {200, {{"Content-Type", "application/+jso"}}, large}, false, false},
      {"no type", {200, {}, large}, false, false},
      {"no content", {204, html, {BodyKind::None}}, false, false},
      {"a part", {206, with("Content-Range", "bytes 0-1023/9999"), large}, false, true},
      {"parts", {206, {{"Content-Type", "Multipart/ByteRanges; boundary=b"}}, large}, false, true},
      {"a part of an image", {206, {{"Content-Type", "image/png"}}, large}, false, false},
      {"a part of what is coded", {206, with("Content-Encoding", "br"), large}, false, false},
      {"a range", {200, with("Content-Range", "bytes 0-1/2"), large}, false, false},
      {"compressed", {200, with("Content-Encoding", "br"), large}, false, false},
      {"no-transform", {200, with("Cache-Control", "public, no-transform"), large}, false, false},
      {"no-transform=1", {200, with("Cache-Control", "No-Transform=1, a"), large}, false, false},
      {"no-transformer", {200, with("Cache-Control", "no-transformer=1"), large}, true, true},
      {"no-transform for caches",
       {200, with("CDN-Cache-Control", "max-age=1, no-transform"), large},
       false,
       false},
      {"a digest", {200, with("Content-Digest", "sha-256=:a:"), large}, false, false},
      {"a digest at the end",
       {200, with("Trailer", "Server-Timing, repr-digest"), {BodyKind::Chunked}},
       false,
       false},
      {"a trailer", {200, with("Trailer", "Server-Timing"), {BodyKind::Chunked}}, true, true},
      {"live", {200, {{"Content-Type", "text/event-stream"}}, {BodyKind::Chunked}}, false, false},
      {"unbuffered", {200, with("X-Accel-Buffering", "no"), {BodyKind::Chunked}}, false, false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.why);
    {
      CompressRig rig(row.given);
      CHECK(rig.compressed() == (row.compressed || row.given.is_coded()));
      CHECK(rig.head().has("Vary") == row.varies);
      CHECK((rig.pool.busy() == 1) == row.compressed);
      if (!row.compressed) CHECK(rig.head().body == row.given.body);
    }
    CompressRig who_does_not_ask(row.given, "GET / HTTP/1.1", "");
    CHECK(who_does_not_ask.head().has("Vary") == row.varies);
    CHECK(who_does_not_ask.compressed() == row.given.is_coded());
    CHECK(who_does_not_ask.head().body == row.given.body);
  }
}

TEST_CASE("compress: HEAD has the fields of GET", "[filters][compress]") {
  for (const bool announced : {true, false}) {
    CAPTURE(announced);
    CompressRig rig({200,
                     {{"Content-Type", "text/html"}, {"ETag", "\"v1\""}},
                     {BodyKind::None, announced ? 5000U : 0U, announced}},
                    "HEAD / HTTP/1.1");
    CHECK(rig.head().field("Content-Encoding") == "gzip");
    CHECK(rig.head().field("ETag") == "W/\"v1\"");
    CHECK(rig.head().field("Vary") == "Accept-Encoding");
    CHECK(rig.head().body == http::BodyFraming{BodyKind::None});
    CHECK(rig.pool.busy() == 0);
    rig.exchange.finish();
    CHECK(rig.client.body.empty());
  }
}

TEST_CASE("compress: 304 keeps the tag that the client has weak", "[filters][compress]") {
  const Given not_modified{304, {{"ETag", "\"v1\""}}, {BodyKind::None}};
  const std::string gzip = "Accept-Encoding: gzip\r\n";
  const std::string both = "If-None-Match: \"v1\", W/\"v1\"\r\n";
  for (const auto& [asked, tag] :
       {std::pair{gzip + "If-None-Match: \"v0\", W/\"v1\"\r\n", "W/\"v1\""},
        std::pair{gzip + both, "W/\"v1\""}, std::pair{gzip + "If-None-Match: \"v1\"\r\n", "\"v1\""},
        std::pair{gzip, "\"v1\""},
        // A 200 would have the strong one (RFC 9110 15.4.5).
        std::pair{both, "\"v1\""}, std::pair{"Accept-Encoding: br;q=0\r\n" + both, "\"v1\""},
        std::pair{gzip + "Cache-Control: no-transform\r\n" + both, "\"v1\""}}) {
    CAPTURE(asked);
    CompressRig rig(not_modified, "GET / HTTP/1.1", asked);
    CHECK(rig.head().field("ETag") == tag);
    CHECK(rig.head().field("Vary") == "Accept-Encoding");
    CHECK_FALSE(rig.compressed());
  }
}

TEST_CASE("compress: HTTP/1.0 gets what was sent", "[filters][compress]") {
  CompressRig old(Given(), "GET / HTTP/1.0");
  CHECK_FALSE(old.compressed());
  CHECK(old.head().field("Vary") == "Accept-Encoding");
}

TEST_CASE("compress: who asks for no transformation gets what was sent", "[filters][compress]") {
  for (const std::string asked :
       {"max-age=0, No-Transform", "no-transform=1", "no-transform =\"\""}) {
    CAPTURE(asked);
    CompressRig rig(Given(), "GET / HTTP/1.1",
                    "Accept-Encoding: gzip\r\nCache-Control: " + asked + "\r\n");
    CHECK_FALSE(rig.compressed());
    CHECK(rig.head().field("Vary") == "Accept-Encoding");
  }
}

TEST_CASE("compress: a digest of what was sent does not stand behind what was made of it",
          "[filters][compress]") {
  http::Fields trailers;
  trailers.add("Server-Timing", "a");
  trailers.add("REPR-DIGEST", "sha-256=:a:");
  CompressRig coded({200, {{"Content-Type", "text/html"}}, {BodyKind::Chunked}});
  coded.exchange.finish(trailers);
  REQUIRE(coded.client.trailers.size() == 1);
  CHECK(coded.client.trailers[0].first == "Server-Timing");
  CompressRig plain({200, {{"Content-Type", "image/png"}}, {BodyKind::Chunked}});
  plain.exchange.finish(trailers);
  CHECK(plain.client.trailers.size() == 2);
}

TEST_CASE("compress: x-gzip is gzip", "[filters][compress]") {
  const CompressRig rig(Given(), "GET / HTTP/1.1", "Accept-Encoding: x-gzip\r\n");
  CHECK(rig.head().field("Content-Encoding") == "gzip");
}

TEST_CASE("compress: tunnels are nobody's body", "[filters][compress]") {
  CompressRig tunnel({200, {{"Content-Type", "text/html"}}, {BodyKind::UntilClose}},
                     "GET / HTTP/1.1", "Accept-Encoding: gzip\r\n", true);
  CHECK_FALSE(tunnel.compressed());
  CHECK_FALSE(tunnel.head().has("Vary"));
}

TEST_CASE("compress: an exchange that ends early sends not a byte more", "[filters][compress]") {
  CompressRig rig({200, {{"Content-Type", "text/html"}}, {BodyKind::Chunked}});
  rig.exchange.write(kText);
  const std::size_t sent = rig.client.body.size();
  rig.exchange.fail({exchange::Side::Backend, exchange::Kind::Truncated});
  CHECK(rig.client.aborted);
  CHECK_FALSE(rig.client.finished);
  CHECK(rig.pool.busy() == 0);
  rig.exchange.write(kText);
  CHECK(rig.client.body.size() == sent);
  CHECK(rig.client.misuse.empty());
}

TEST_CASE("compress: what the backend has sent arrives though it pauses", "[filters][compress]") {
  CompressRig rig({200, {{"Content-Type", "text/html"}}, {BodyKind::Chunked}});
  for (const std::string text : {"a", "ab", "abc"}) {
    rig.exchange.write(text.substr(text.size() - 1));
    support::run_until(rig.loop, [&rig, &text] {
      return !rig.client.body.empty() && decode("gzip", rig.client.body).text == text;
    });
  }
  rig.exchange.finish();
  CHECK(decode("gzip", rig.client.body).whole);
}

TEST_CASE("compress: without an encoder to spare, the response passes as it is",
          "[filters][compress]") {
  EncoderPool none(0);
  const HeadOnly handler(Given{});
  const Compress filter({{Coding::Gzip}, {MediaPattern("text/*")}, 1, 4});
  support::ExchangeRig rig;
  rig.services.encoders = &none;
  rig.route.filters = {&filter};
  rig.run(handler, "GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n");
  CHECK_FALSE(rig.client.head->has("Content-Encoding"));
  CHECK(rig.client.head->field("Vary") == "Accept-Encoding");
  rig.exchange.write("plain");
  CHECK(rig.client.body == "plain");
}

TEST_CASE("compress: what is kept is used, and what was coded is given to be kept",
          "[filters][compress]") {
  struct Kept final : exchange::CodedBodies {
    std::optional<std::uint64_t> use(std::string_view coding) override {
      asked += coding;
      return size;
    }
    void keep(std::string_view bytes) override { text += bytes; }
    void keep_end() override { ended = true; }

    std::optional<std::uint64_t> size;
    std::string asked;
    std::string text;
    bool ended = false;
  };
  struct Offering final : exchange::ResponseFilter {
    explicit Offering(Kept& to_offer) : kept(to_offer) {}
    void on_head(exchange::Exchange& exchange, http::ResponseHead&) const override {
      exchange.offer(kept);
    }
    Kept& kept;
  };
  EncoderPool pool;
  Kept kept;
  const Offering offering(kept);
  const HeadOnly handler(Given{});
  const Compress filter({{Coding::Gzip}, {MediaPattern("text/*")}, 1, 4});
  support::ExchangeRig rig;
  rig.services.encoders = &pool;
  rig.route.filters = {&offering, &filter};
  const std::string_view request = "GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n";
  rig.run(handler, request);
  rig.exchange.write(kText);
  CHECK_FALSE(kept.ended);
  rig.exchange.finish();
  CHECK(kept.asked == "gzip");
  CHECK(kept.ended);
  CHECK(kept.text == rig.client.body);
  CHECK((decode("gzip", kept.text).text == kText));

  rig.recycle();
  kept.size = 7;
  rig.run(handler, request);
  CHECK(rig.client.head->field("Content-Encoding") == "gzip");
  CHECK(rig.client.head->body == http::BodyFraming{BodyKind::Length, 7});
  CHECK(pool.busy() == 0);
  rig.exchange.write("as kept");
  CHECK(rig.client.body == "as kept");
}

// An encoder's stream that breaks: a body filter that cannot end.
TEST_CASE("exchange: a body filter that cannot end cuts the response off", "[exchange]") {
  struct Broken final : exchange::BodyFilter {
    void write(std::string_view) override {}
    bool finish() override { return false; }
  };
  struct Breaking final : exchange::ResponseFilter {
    void on_head(exchange::Exchange& exchange, http::ResponseHead&) const override {
      exchange.set_body_filter(exchange.arena().make<Broken>());
    }
  };
  const Breaking filter;
  const HeadOnly handler(Given{});
  support::ExchangeRig rig;
  rig.route.filters = {&filter};
  rig.run(handler, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  rig.exchange.write("lost");
  rig.exchange.finish();
  CHECK(rig.client.aborted);
  CHECK_FALSE(rig.client.finished);
  CHECK(rig.exchange.failure().kind == exchange::Kind::FilterFailed);
  CHECK(rig.client.misuse.empty());
}

}  // namespace
}  // namespace sluice::filters
