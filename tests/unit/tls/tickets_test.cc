// SPDX-License-Identifier: MIT
#include "tls/tickets.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>

#include <array>
#include <catch2/catch.hpp>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace sluice::tls {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

struct Free {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};

// What OpenSSL does around the callbacks: CBC over the state, HMAC over the result.
class Sealer {
 public:
  Sealer() : cipher_(EVP_CIPHER_CTX_new()) {
    EVP_MAC* mac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
    mac_.reset(EVP_MAC_CTX_new(mac));
    EVP_MAC_free(mac);
  }

  struct Ticket {
    std::array<unsigned char, TicketKeys::kNameBytes> name;
    std::array<unsigned char, TicketKeys::kIvBytes> iv;
    std::string sealed;
    std::string mac;
  };

  Ticket seal(const TicketKeys& keys, std::string_view state) {
    Ticket ticket;
    REQUIRE(keys.seal(ticket.name.data(), ticket.iv.data(), cipher_.get(), mac_.get()));
    ticket.sealed.resize(state.size() + 32);
    int size = 0;
    int rest = 0;
    EVP_EncryptUpdate(cipher_.get(), out(ticket.sealed), &size, in(state),
                      static_cast<int>(state.size()));
    EVP_EncryptFinal_ex(cipher_.get(), out(ticket.sealed) + size, &rest);
    ticket.sealed.resize(static_cast<std::size_t>(size) + static_cast<std::size_t>(rest));
    ticket.mac = mac_of(ticket.sealed);
    return ticket;
  }

  TicketKeys::Opened open(const TicketKeys& keys, const Ticket& ticket) {
    const auto opened = keys.open(ticket.name.data(), ticket.iv.data(), cipher_.get(), mac_.get());
    if (opened == TicketKeys::Opened::Unknown) return opened;
    CHECK(mac_of(ticket.sealed) == ticket.mac);
    plain.resize(ticket.sealed.size() + 16);
    int size = 0;
    int rest = 0;
    EVP_DecryptUpdate(cipher_.get(), out(plain), &size, in(ticket.sealed),
                      static_cast<int>(ticket.sealed.size()));
    EVP_DecryptFinal_ex(cipher_.get(), out(plain) + size, &rest);
    plain.resize(static_cast<std::size_t>(size) + static_cast<std::size_t>(rest));
    return opened;
  }

  std::string plain;  // of the last ticket opened

 private:
  static unsigned char* out(std::string& text) {
    return reinterpret_cast<unsigned char*>(text.data());
  }
  static const unsigned char* in(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
  }

  std::string mac_of(std::string_view sealed) {
    std::string mac(32, '\0');
    std::size_t size = 0;
    EVP_MAC_init(mac_.get(), nullptr, 0, nullptr);
    EVP_MAC_update(mac_.get(), in(sealed), sealed.size());
    EVP_MAC_final(mac_.get(), out(mac), &size, mac.size());
    CHECK(size == 32);
    return mac;
  }

  std::unique_ptr<EVP_CIPHER_CTX, Free> cipher_;
  std::unique_ptr<EVP_MAC_CTX, Free> mac_;
};

const TicketKeys::Clock::time_point kStart{};

std::unique_ptr<TicketKeys> make_keys() {
  return std::move(*TicketKeys::create(kStart));
}

TEST_CASE("tickets: what was sealed is opened", "[tls][tickets]") {
  const auto keys = make_keys();
  Sealer sealer;
  const auto ticket = sealer.seal(*keys, "state of a session");
  CHECK(ticket.sealed != "state of a session");
  CHECK(sealer.open(*keys, ticket) == TicketKeys::Opened::Accepted);
  CHECK(sealer.plain == "state of a session");
}

TEST_CASE("tickets: two tickets never share an initialisation vector", "[tls][tickets]") {
  const auto keys = make_keys();
  Sealer sealer;
  CHECK(sealer.seal(*keys, "x").iv != sealer.seal(*keys, "x").iv);
}

TEST_CASE("tickets: keys of another ring are unknown", "[tls][tickets]") {
  const auto mine = make_keys();
  const auto other = make_keys();
  Sealer sealer;
  CHECK(sealer.open(*other, sealer.seal(*mine, "x")) == TicketKeys::Opened::Unknown);
}

TEST_CASE("tickets: a key is used for an hour and accepted for twelve more", "[tls][tickets]") {
  const auto keys = make_keys();
  Sealer sealer;
  const auto ticket = sealer.seal(*keys, "x");
  struct Case {
    minutes at;
    TicketKeys::Opened opened;
  };
  const std::array cases{
      Case{minutes(0), TicketKeys::Opened::Accepted},
      Case{minutes(59), TicketKeys::Opened::Accepted},
      Case{hours(1), TicketKeys::Opened::AcceptedButOld},
      Case{hours(12), TicketKeys::Opened::AcceptedButOld},
      Case{hours(13) - minutes(1), TicketKeys::Opened::AcceptedButOld},
      Case{hours(13), TicketKeys::Opened::Unknown},
  };
  for (const Case& c : cases) {
    CAPTURE(c.at.count());
    REQUIRE(keys->rotate(kStart + c.at));
    CHECK(sealer.open(*keys, ticket) == c.opened);
  }
}

TEST_CASE("tickets: a rotation seals with the key published an hour before", "[tls][tickets]") {
  const auto keys = make_keys();
  Sealer sealer;
  std::set<std::array<unsigned char, TicketKeys::kNameBytes>> names;
  std::vector<Sealer::Ticket> tickets;
  for (int hour = 0; hour < 30; ++hour) {
    REQUIRE(keys->rotate(kStart + hours(hour)));
    tickets.push_back(sealer.seal(*keys, std::to_string(hour)));
    names.insert(tickets.back().name);
  }
  CHECK(names.size() == 30);
  int accepted = 0;
  for (const auto& ticket : tickets) {
    if (sealer.open(*keys, ticket) != TicketKeys::Opened::Unknown) ++accepted;
  }
  CHECK(accepted == 13);  // bounded: the key in use and twelve before it
}

TEST_CASE("tickets: a late rotation counts from when the key was last in use", "[tls][tickets]") {
  const auto keys = make_keys();
  Sealer sealer;
  const auto ticket = sealer.seal(*keys, "x");
  REQUIRE(keys->rotate(kStart + hours(20)));
  CHECK(sealer.open(*keys, ticket) == TicketKeys::Opened::AcceptedButOld);
  REQUIRE(keys->rotate(kStart + hours(32)));
  CHECK(sealer.open(*keys, ticket) == TicketKeys::Opened::Unknown);
}

TEST_CASE("tickets: a clock that stands still or runs back changes nothing", "[tls][tickets]") {
  const auto keys = make_keys();
  Sealer sealer;
  const auto ticket = sealer.seal(*keys, "x");
  REQUIRE(keys->rotate(kStart));
  REQUIRE(keys->rotate(kStart - hours(100)));
  CHECK(sealer.open(*keys, ticket) == TicketKeys::Opened::Accepted);
}

TEST_CASE("tickets: threads seal and open while keys rotate", "[tls][tickets]") {
  const auto keys = make_keys();
  std::vector<std::thread> threads;
  std::array<int, 3> refused{};
  for (int& count : refused) {
    threads.emplace_back([&keys, &count] {
      std::array<unsigned char, TicketKeys::kNameBytes> name;
      std::array<unsigned char, TicketKeys::kIvBytes> iv;
      const std::unique_ptr<EVP_CIPHER_CTX, Free> cipher(EVP_CIPHER_CTX_new());
      EVP_MAC* hmac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
      const std::unique_ptr<EVP_MAC_CTX, Free> mac(EVP_MAC_CTX_new(hmac));
      EVP_MAC_free(hmac);
      for (int i = 0; i < 500; ++i) {
        const bool sealed = keys->seal(name.data(), iv.data(), cipher.get(), mac.get());
        const auto opened = keys->open(name.data(), iv.data(), cipher.get(), mac.get());
        if (!sealed || opened == TicketKeys::Opened::Unknown) ++count;
      }
    });
  }
  // Fewer rotations than a key lives through.
  for (int hour = 1; hour <= 12; ++hour) CHECK(keys->rotate(kStart + hours(hour)));
  for (std::thread& thread : threads) thread.join();
  CHECK(refused == std::array<int, 3>{});
}

}  // namespace
}  // namespace sluice::tls
