// SPDX-License-Identifier: MIT
#include "tls/tickets.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "tls/error.h"

namespace sluice::tls {

struct TicketKeys::Key {
  Key() = default;
  Key(const Key&) = delete;
  Key& operator=(const Key&) = delete;
  ~Key() {
    OPENSSL_cleanse(aes.data(), aes.size());
    OPENSSL_cleanse(hmac.data(), hmac.size());
  }

  std::array<unsigned char, kNameBytes> name{};
  std::array<unsigned char, 32> aes{};
  std::array<unsigned char, 32> hmac{};
};

namespace {

bool set_mac_key(evp_mac_ctx_st* mac, const std::array<unsigned char, 32>& key) {
  // The parameters are read only; OSSL_PARAM knows no const.
  auto* bytes = const_cast<unsigned char*>(key.data());
  std::array<char, 7> digest{"SHA256"};
  const std::array<OSSL_PARAM, 3> params{
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, bytes, key.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
      OSSL_PARAM_construct_end()};
  return EVP_MAC_CTX_set_params(mac, params.data()) == 1;
}

}  // namespace

Result<std::unique_ptr<TicketKeys>> TicketKeys::create(Clock::time_point now) {
  clear_errors();
  EvpCipherPtr cipher(EVP_CIPHER_fetch(nullptr, "AES-256-CBC", nullptr));
  if (cipher == nullptr) return Error{"tls tickets", "no AES-256-CBC: " + take_error_text()};
  Ring ring{make_key(), make_key(), now, {}};
  if (ring.next == nullptr || ring.current == nullptr) {
    return Error{"tls tickets", "cannot make a key: " + take_error_text()};
  }
  return std::unique_ptr<TicketKeys>(
      new TicketKeys(std::move(cipher), std::make_shared<const Ring>(std::move(ring))));
}

TicketKeys::TicketKeys(EvpCipherPtr cipher, std::shared_ptr<const Ring> ring)
    : cipher_(std::move(cipher)), ring_(std::move(ring)) {}

TicketKeys::~TicketKeys() = default;

TicketKeys::KeyPtr TicketKeys::make_key() {
  auto key = std::make_shared<Key>();
  const auto fill = [](auto& bytes) {
    return RAND_priv_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1;
  };
  if (!fill(key->name) || !fill(key->aes) || !fill(key->hmac)) return nullptr;
  return key;
}

std::shared_ptr<const TicketKeys::Ring> TicketKeys::ring() const {
  const std::lock_guard lock(mutex_);
  return ring_;
}

bool TicketKeys::rotate(Clock::time_point now) {
  const std::lock_guard one_at_a_time(rotating_);
  Ring changed = *ring();
  const std::size_t forgotten = std::erase_if(
      changed.previous, [now](const Retired& old) { return now - old.since >= kAcceptance; });
  const bool due = now - changed.current_since >= kRotation;
  if (!due && forgotten == 0) return true;

  if (due) {
    KeyPtr fresh = make_key();
    if (fresh == nullptr) return false;
    changed.previous.push_back({std::move(changed.current), now});
    changed.current = std::exchange(changed.next, std::move(fresh));
    changed.current_since = now;
  }
  auto published = std::make_shared<const Ring>(std::move(changed));
  const std::lock_guard lock(mutex_);
  ring_.swap(published);
  return true;
}

bool TicketKeys::seal(unsigned char* name, unsigned char* iv, evp_cipher_ctx_st* cipher,
                      evp_mac_ctx_st* mac) const {
  const KeyPtr key = ring()->current;
  if (RAND_bytes(iv, static_cast<int>(kIvBytes)) != 1) return false;
  std::memcpy(name, key->name.data(), key->name.size());
  return EVP_EncryptInit_ex2(cipher, cipher_.get(), key->aes.data(), iv, nullptr) == 1 &&
         set_mac_key(mac, key->hmac);
}

TicketKeys::Opened TicketKeys::open(const unsigned char* name, const unsigned char* iv,
                                    evp_cipher_ctx_st* cipher, evp_mac_ctx_st* mac) const {
  const auto keys = ring();
  const auto named = [name](const KeyPtr& key) {
    return std::memcmp(key->name.data(), name, kNameBytes) == 0;
  };
  KeyPtr key;
  Opened opened = Opened::Accepted;
  if (named(keys->current)) {
    key = keys->current;
  } else if (named(keys->next)) {
    key = keys->next;
  } else {
    const auto old = std::find_if(keys->previous.begin(), keys->previous.end(),
                                  [&named](const Retired& retired) { return named(retired.key); });
    if (old == keys->previous.end()) return Opened::Unknown;
    key = old->key;
    opened = Opened::AcceptedButOld;
  }
  const bool ready =
      EVP_DecryptInit_ex2(cipher, cipher_.get(), key->aes.data(), iv, nullptr) == 1 &&
      set_mac_key(mac, key->hmac);
  return ready ? opened : Opened::Unknown;
}

}  // namespace sluice::tls
