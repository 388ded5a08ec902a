// SPDX-License-Identifier: MIT
// Keys of stateless session tickets (RFC 5077, RFC 8446 section 4.6.1): clients carry their session
// themselves, so that workers share no session cache and a reload forgets nobody.
//
// One TicketKeys belongs to the server, outlives every context that borrows it, and may be used by
// any thread at any time. `next` is published one rotation before it is used, so that no thread
// ever meets a ticket whose key it has not seen.
#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <mutex>
#include <vector>

#include "conf/result.h"
#include "tls/ptr.h"

struct evp_cipher_ctx_st;
struct evp_mac_ctx_st;

namespace sluice::tls {

class TicketKeys {
 public:
  using Clock = std::chrono::steady_clock;

  // A key makes tickets for this long; they are accepted for kAcceptance after it retired.
  static constexpr std::chrono::hours kRotation{1};
  static constexpr std::chrono::hours kAcceptance{12};

  static constexpr std::size_t kNameBytes = 16;
  static constexpr std::size_t kIvBytes = 16;

  // Fails only when the system gives no randomness or OpenSSL has no AES-256-CBC.
  static Result<std::unique_ptr<TicketKeys>> create(Clock::time_point now);

  TicketKeys(const TicketKeys&) = delete;
  TicketKeys& operator=(const TicketKeys&) = delete;
  ~TicketKeys();

  // Retires and forgets keys whose time has come; to be called every minute or so. False: no new
  // key could be made, and the old ones stay in use.
  bool rotate(Clock::time_point now);

  enum class Opened { Unknown, Accepted, AcceptedButOld };

  // Both prepare OpenSSL's contexts to encrypt a new ticket, or to check and decrypt one made
  // earlier. `name` holds kNameBytes, `iv` kIvBytes.
  bool seal(unsigned char* name, unsigned char* iv, evp_cipher_ctx_st* cipher,
            evp_mac_ctx_st* mac) const;
  Opened open(const unsigned char* name, const unsigned char* iv, evp_cipher_ctx_st* cipher,
              evp_mac_ctx_st* mac) const;

 private:
  struct Key;
  using KeyPtr = std::shared_ptr<const Key>;

  struct Retired {
    KeyPtr key;
    Clock::time_point since;
  };

  // Immutable once published.
  struct Ring {
    KeyPtr next;
    KeyPtr current;
    Clock::time_point current_since;
    std::vector<Retired> previous;  // oldest first
  };

  TicketKeys(EvpCipherPtr cipher, std::shared_ptr<const Ring> ring);

  static KeyPtr make_key();
  std::shared_ptr<const Ring> ring() const;

  const EvpCipherPtr cipher_;  // fetched once: a look-up by name costs more than the encryption
  std::mutex rotating_;        // one rotation at a time
  mutable std::mutex mutex_;   // guards the pointer alone; held for the time of its copy
  std::shared_ptr<const Ring> ring_;
};

}  // namespace sluice::tls
