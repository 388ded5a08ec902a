// SPDX-License-Identifier: MIT
#include "tests/support/test_certificates.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdint>
#include <cstdio>
#include <memory>

#include "tests/support/deadline.h"

namespace sluice::support {
namespace {

constexpr long kDay = 24L * 60 * 60;

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
  void operator()(std::FILE* file) const { std::fclose(file); }
};

template <typename T>
using Owned = std::unique_ptr<T, Free>;

void require(bool done, std::string_view what) {
  if (!done) throw Failure("test certificate: cannot " + std::string(what));
}

Owned<EVP_PKEY> make_key(KeyType type) {
  Owned<EVP_PKEY> key(type == KeyType::Rsa2048 ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256"));
  require(key != nullptr, "make a key");
  return key;
}

// Two certificates of one test must not pass for one another.
void set_serial(X509* certificate) {
  std::uint32_t serial = 0;
  require(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) == 1, "draw");
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial);
}

void set_subject(X509* certificate, std::string_view name) {
  X509_NAME* subject = X509_get_subject_name(certificate);
  const auto* text = reinterpret_cast<const unsigned char*>(name.data());
  const int added = X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8, text,
                                               static_cast<int>(name.size()), -1, 0);
  require(added == 1, "set the subject");
  X509_set_issuer_name(certificate, subject);
}

void set_alternative_names(X509* certificate, const std::vector<std::string>& dns_names) {
  if (dns_names.empty()) return;
  std::string value;
  for (const std::string& name : dns_names) value += (value.empty() ? "DNS:" : ",DNS:") + name;
  const Owned<X509_EXTENSION> extension(
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, value.c_str()));
  require(extension != nullptr, "make the alternative names");
  require(X509_add_ext(certificate, extension.get(), -1) == 1, "add the alternative names");
}

Owned<std::FILE> open_for_writing(const std::string& path) {
  Owned<std::FILE> file(std::fopen(path.c_str(), "we"));
  require(file != nullptr, "write " + path);
  return file;
}

}  // namespace

TestCertificate make_certificate(const std::filesystem::path& dir, std::string_view name,
                                 const std::vector<std::string>& dns_names, KeyType type) {
  const Owned<EVP_PKEY> key = make_key(type);
  const Owned<X509> certificate(X509_new());
  require(certificate != nullptr, "make it");
  X509_set_version(certificate.get(), X509_VERSION_3);
  set_serial(certificate.get());
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -kDay);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 30 * kDay);
  X509_set_pubkey(certificate.get(), key.get());
  set_subject(certificate.get(), name);
  set_alternative_names(certificate.get(), dns_names);
  require(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0, "sign");

  const std::string base = (dir / name).string();
  TestCertificate files{base + ".crt", base + ".key"};
  const Owned<std::FILE> cert_file = open_for_writing(files.cert_path);
  require(PEM_write_X509(cert_file.get(), certificate.get()) == 1, "write " + files.cert_path);
  const Owned<std::FILE> key_file = open_for_writing(files.key_path);
  const int written =
      PEM_write_PrivateKey(key_file.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  require(written == 1, "write " + files.key_path);
  return files;
}

}  // namespace sluice::support
