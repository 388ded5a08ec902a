// SPDX-License-Identifier: MIT
// CodedCopy: what a filter makes of a body, kept in the store for the next one who takes the same
// coding, and sent to that one as it is. Of all who make it at once a few keep it, and the first
// who is done gives it to those who come: who leads may have a slow client.
//
// A copy is an entry of its own, under a key that names the bytes it was made of: it never goes
// with others, and goes out of use with them. A member of its exchange's responder;
// single-threaded.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "cache/body.h"
#include "cache/flight.h"
#include "cache/store.h"
#include "proxy/exchange/coded_bodies.h"
#include "proxy/exchange/exchange.h"

namespace sluice::handlers {

class CodedCopy final : public exchange::CodedBodies {
 public:
  // The responder whose body is coded.
  class Source {
   public:
    struct Name {
      std::string_view key;   // of these bytes and no others; empty: nothing is kept of them
      std::string_view tags;  // by which a copy is purged
    };
    // Both hold as long as the exchange.
    virtual Name name() = 0;
    // A copy, complete, to be sent instead.
    virtual void send_instead(cache::BodyPtr copy) = 0;

   protected:
    ~Source() = default;
  };

  // Borrows all three.
  CodedCopy(exchange::Exchange& exchange, cache::Store& store, Source& source)
      : exchange_(exchange), store_(store), source_(source) {}

  // exchange::CodedBodies
  std::optional<std::uint64_t> use(std::string_view coding) override;
  void keep(std::string_view bytes) override;
  void keep_end() override;

  // One is being made.
  bool in_making() const { return static_cast<bool>(copy_); }
  // The body was cut, or is not what its name says any more: what is made of it is nobody's.
  void drop();

 private:
  exchange::Exchange& exchange_;
  cache::Store& store_;
  Source& source_;
  std::string_view key_;  // in the exchange's arena
  std::string_view tags_;
  cache::Lead lead_;
  cache::Join join_;
  std::uint64_t purges_before_ = 0;
  cache::BodyWriter copy_;
};

}  // namespace sluice::handlers
