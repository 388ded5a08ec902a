// SPDX-License-Identifier: MIT
// Self-signed certificates and their keys, made on the spot, as PEM files in a directory of the
// test.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::support {

enum class KeyType { EcdsaP256, Rsa2048 };

struct TestCertificate {
  std::string cert_path;
  std::string key_path;
};

// Writes NAME.crt and NAME.key into `dir`; valid from yesterday for 30 days. `name` is the common
// name, `dns_names` the subject's alternative names; without any, the certificate has no such
// extension. Throws Failure.
TestCertificate make_certificate(const std::filesystem::path& dir, std::string_view name,
                                 const std::vector<std::string>& dns_names,
                                 KeyType type = KeyType::EcdsaP256);

}  // namespace sluice::support
