// SPDX-License-Identifier: MIT
// Pump: moves bytes from a ByteSource to a ByteSink with bounded memory.
//
// Data is pushed up by the source's events; the sink buffers what its socket does not take. Above
// the high watermark the source is paused, and resumed once the sink has drained to half of it.
// Both ends are borrowed and must be set before the first byte and cleared (detach) before either
// dies.
#pragma once

#include <cstddef>
#include <string_view>

namespace sluice {

class ByteSource {
 public:
  // Commands: they arm or disarm reading and never call back.
  virtual void pause() = 0;
  virtual void resume() = 0;

 protected:
  ~ByteSource() = default;
};

class ByteSink {
 public:
  // Takes all of `bytes`: sends or buffers them. Never calls back.
  virtual void write(std::string_view bytes) = 0;
  // Bytes taken and not yet given to the socket.
  virtual std::size_t unsent() const = 0;

 protected:
  ~ByteSink() = default;
};

class Pump {
 public:
  explicit Pump(std::size_t high_watermark_bytes) : high_watermark_bytes_(high_watermark_bytes) {}

  void attach(ByteSource* source, ByteSink* sink) {
    source_ = source;
    sink_ = sink;
    paused_ = false;
  }
  void detach() { attach(nullptr, nullptr); }

  // The source has bytes.
  void on_data(std::string_view bytes) {
    sink_->write(bytes);
    if (sink_->unsent() > high_watermark_bytes_) pause();
  }

  // For what passes on another way: whatever the sink holds.
  void pause() {
    if (paused_) return;
    paused_ = true;
    source_->pause();
  }
  void resume() {
    if (!paused_) return;
    paused_ = false;
    source_->resume();
  }

  // The sink has sent something.
  void on_drained() {
    if (paused_ && sink_->unsent() <= high_watermark_bytes_ / 2) resume();
  }

 private:
  std::size_t high_watermark_bytes_;
  ByteSource* source_ = nullptr;
  ByteSink* sink_ = nullptr;
  bool paused_ = false;
};

}  // namespace sluice
