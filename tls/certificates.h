// SPDX-License-Identifier: MIT
// Certificates and their keys, read from PEM files at start-up and reload. Errors are whole
// sentences that name the file. No state; any thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "conf/result.h"
#include "tls/ptr.h"

namespace sluice::tls {

struct Certificate {
  X509Ptr leaf;
  std::vector<X509Ptr> chain;  // above the leaf, in the order of the file
  EvpPkeyPtr key;
  int key_type = 0;                // OpenSSL's id of the key's algorithm
  std::vector<std::string> names;  // lower case; DNS names of the SAN, else the common name
  std::chrono::system_clock::time_point not_after;
};

// Reads a chain (leaf first) and the leaf's private key. Both may be in one file. Expiry is not an
// error: a proxy with a certificate of yesterday still serves more than one that does not start.
Result<Certificate> load_certificate(const std::string& cert_path, const std::string& key_path);

// Makes `context` serve `certificate`, beside those of other key types it already has. What OpenSSL
// does not like about it, if anything.
std::optional<std::string> install_certificate(ssl_ctx_st* context, const Certificate& certificate);

// All that can be wrong with a pair of files, as one sentence; nullopt when they can be served.
std::optional<std::string> check_certificate(const std::string& cert_path,
                                             const std::string& key_path);

}  // namespace sluice::tls
