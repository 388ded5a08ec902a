// SPDX-License-Identifier: MIT
#include "proxy/base/pump.h"

#include <catch2/catch.hpp>
#include <string>

namespace sluice {
namespace {

struct Source final : ByteSource {
  void pause() override { ++pauses; }
  void resume() override { ++resumes; }
  int pauses = 0;
  int resumes = 0;
};

struct Sink final : ByteSink {
  void write(std::string_view bytes) override { held += bytes; }
  std::size_t unsent() const override { return held.size(); }
  std::string held;
};

struct PumpFixture {
  PumpFixture() { pump.attach(&source, &sink); }

  void send(std::size_t bytes) {
    sink.held.erase(0, bytes);
    pump.on_drained();
  }

  Source source;
  Sink sink;
  Pump pump{100};
};

}  // namespace

TEST_CASE_METHOD(PumpFixture, "pump: moves bytes and leaves the source alone below the watermark",
                 "[base][pump]") {
  pump.on_data("some");
  pump.on_data(" bytes");
  CHECK(sink.held == "some bytes");
  pump.on_data(std::string(90, 'x'));  // exactly at it
  CHECK(source.pauses == 0);
}

TEST_CASE_METHOD(PumpFixture,
                 "pump: pauses above the watermark and resumes at half of it, once each",
                 "[base][pump]") {
  pump.on_data(std::string(101, 'x'));
  CHECK(source.pauses == 1);
  pump.on_data(std::string(50, 'x'));  // was on its way already
  CHECK(source.pauses == 1);
  CHECK(sink.held.size() == 151);
  send(100);
  CHECK(source.resumes == 0);
  send(1);
  CHECK(source.resumes == 1);
  send(50);
  CHECK(source.resumes == 1);
  pump.on_data(std::string(101, 'x'));
  CHECK(source.pauses == 2);
}

TEST_CASE_METHOD(PumpFixture,
                 "pump: one that was told to pause resumes when told, or with the sink",
                 "[base][pump]") {
  pump.pause();
  pump.pause();
  CHECK(source.pauses == 1);
  pump.resume();
  pump.resume();
  CHECK(source.resumes == 1);
  pump.pause();
  pump.on_data(std::string(101, 'x'));
  CHECK(source.pauses == 2);
  send(50);
  CHECK(source.resumes == 1);
  send(51);
  CHECK(source.resumes == 2);
}

TEST_CASE_METHOD(PumpFixture, "pump: a drained sink does not resume a source that was not paused",
                 "[base][pump]") {
  pump.on_data("x");
  send(1);
  CHECK(source.resumes == 0);
}

TEST_CASE_METHOD(PumpFixture, "pump: attached anew it starts unpaused", "[base][pump]") {
  pump.on_data(std::string(101, 'x'));
  pump.detach();
  Source fresh;
  sink.held.clear();
  pump.attach(&fresh, &sink);
  pump.on_drained();
  CHECK(fresh.resumes == 0);
  pump.on_data(std::string(101, 'x'));
  CHECK(fresh.pauses == 1);
  CHECK(source.resumes == 0);
}

}  // namespace sluice
