// SPDX-License-Identifier: MIT
#include "proxy/handlers/download.h"

#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <string>
#include <utility>

#include "tests/support/exchange_rig.h"
#include "tests/support/sockets.h"

namespace sluice::handlers {
namespace {

using support::ExchangeRig;

// Says nothing by itself: the test does.
class Silent final : public exchange::Handler {
  class Responder final : public exchange::Responder {
    void start() override {}
    void on_request_body(std::string_view /*bytes*/) override {}
    void on_request_end(const http::Fields& /*trailers*/) override {}
    void on_client_drained() override {}
    void cancel() override {}
  };

 public:
  ArenaPtr<exchange::Responder> respond(exchange::Exchange& exchange) const override {
    return exchange.arena().make<Responder>();
  }
};

class FakeBackend final : public backend::BackendStream {
 public:
  int pauses = 0;
  int resumes = 0;

  void send(const backend::RequestToSend& /*request*/) override {}
  void finish(const http::Fields& /*trailers*/) override {}
  bool reused() const override { return false; }
  void give_back() override {}
  void abandon() override {}
  void pause() override { ++pauses; }
  void resume() override { ++resumes; }
  void write(std::string_view /*bytes*/) override {}
  std::size_t unsent() const override { return 0; }
};

constexpr std::size_t kWatermark = 100'000;

// A response of which the head is sent.
class Answering {
 public:
  Answering() {
    rig.rules->response_watermark_bytes = kWatermark;
    rig.client.takes_pipes = true;
    rig.run(silent_, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    http::ResponseHead& head = rig.exchange.response_slot();
    head.status = 200;
    rig.exchange.send_head(head);
  }

 private:
  Silent silent_;

 public:
  ExchangeRig rig;
};

class DownloadFixture : public Answering {
 public:
  DownloadFixture() { download.begin(backend); }

  PipePool::Handle pipe_with(std::string_view bytes) {
    auto [sender, from] = support::socket_pair(SOCK_STREAM);
    REQUIRE(::send(sender.get(), bytes.data(), bytes.size(), 0) ==
            static_cast<ssize_t>(bytes.size()));
    PipePool::Handle pipe = pipes_.take();
    REQUIRE(pipe != nullptr);
    REQUIRE(pipe->fill(from.get(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
    return pipe;
  }

 private:
  PipePool pipes_;

 public:
  FakeBackend backend;
  Download download{rig.exchange};
};

constexpr std::uint64_t kFar = 1'000'000;  // so much of the body is still to come

}  // namespace

TEST_CASE_METHOD(DownloadFixture, "download: what a client takes at once holds nobody up",
                 "[download]") {
  download.on_piped(pipe_with("in a pipe, "), kFar);
  download.on_piped(pipe_with("in another, "), kFar);
  download.on_body("in memory");
  CHECK(rig.client.body == "in a pipe, in another, in memory");
  CHECK(rig.exchange.bytes_out() == rig.client.body.size());
  CHECK(backend.pauses == 0);
}

TEST_CASE_METHOD(DownloadFixture, "download: the backend waits until a pipe is empty",
                 "[download]") {
  rig.client.pipe_room = 4;
  download.on_piped(pipe_with("0123456789"), kFar);
  CHECK(rig.client.body == "0123");
  CHECK(backend.pauses == 1);
  CHECK(download.piped_max() == 0);
  rig.client.pipe_room = 5;
  download.on_client_drained();
  CHECK(rig.client.body == "012345678");
  CHECK(backend.resumes == 0);
  rig.client.pipe_room = 5;
  download.on_client_drained();
  CHECK(rig.client.body == "0123456789");
  CHECK(backend.resumes == 1);
  CHECK(download.piped_max() == kWatermark);
  CHECK(rig.exchange.bytes_out() == 10);
}

TEST_CASE_METHOD(DownloadFixture,
                 "download: a backend that breaks while a pipe waits is read in order",
                 "[download]") {
  rig.client.pipe_room = 4;
  download.on_piped(pipe_with("0123456789"), kFar);
  download.on_body("abc");  // although it was paused
  CHECK(rig.client.body == "0123456789abc");
  rig.client.pipe_room = 1000;
  download.on_client_drained();
  CHECK(rig.client.body == "0123456789abc");
  CHECK(rig.exchange.bytes_out() == 13);
}

TEST_CASE_METHOD(DownloadFixture, "download: the end of a body leaves nothing in a pipe",
                 "[download]") {
  rig.client.pipe_room = 0;
  download.on_piped(pipe_with("0123456789"), kFar);
  download.on_end();
  CHECK(rig.client.body == "0123456789");
}

TEST_CASE_METHOD(DownloadFixture, "download: what may be held does not hold up the backend",
                 "[download]") {
  rig.client.pipe_room = 0;
  SECTION("all that is left") {
    download.on_piped(pipe_with("0123456789"), kWatermark - 10);
    CHECK(backend.pauses == 0);
    CHECK(rig.client.body == "0123456789");
  }
  SECTION("a byte more") {
    download.on_piped(pipe_with("0123456789"), kWatermark - 9);
    CHECK(backend.pauses == 1);
    CHECK(rig.client.body.empty());
  }
  SECTION("a byte more, with what waits before it") {
    rig.client.unsent_bytes = 1;
    download.on_piped(pipe_with("0123456789"), kWatermark - 10);
    CHECK(backend.pauses == 1);
  }
}

TEST_CASE_METHOD(DownloadFixture, "download: the backend is free as soon as the rest may be held",
                 "[download]") {
  rig.client.pipe_room = 4;
  download.on_piped(pipe_with("0123456789"), kWatermark - 3);
  CHECK(backend.pauses == 1);
  rig.client.pipe_room = 3;
  download.on_client_drained();
  CHECK(rig.client.body == "0123456789");
  CHECK(backend.resumes == 1);
  CHECK(rig.exchange.bytes_out() == 10);
}

TEST_CASE_METHOD(DownloadFixture,
                 "download: a pipe takes what may be held, and none if that is more",
                 "[download]") {
  CHECK(download.piped_max() == kWatermark);
  rig.client.unsent_bytes = 60'000;
  CHECK(download.piped_max() == kWatermark - 60'000);
  rig.client.unsent_bytes = kWatermark + 1;
  CHECK(download.piped_max() == 0);
  rig.client.unsent_bytes = 0;
  rig.rules->response_watermark_bytes = Pipe::kBytes + 1;
  CHECK(download.piped_max() == 0);
  rig.rules->response_watermark_bytes = kWatermark;
  rig.client.takes_pipes = false;
  CHECK(download.piped_max() == 0);
}

}  // namespace sluice::handlers
