// SPDX-License-Identifier: MIT
#include "tls/certificates.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/temp_dir.h"
#include "tests/support/test_certificates.h"

namespace sluice::tls {
namespace {

using support::KeyType;
using support::make_certificate;
using support::TempDir;
using support::TestCertificate;

std::string problem(const std::string& cert_path, const std::string& key_path) {
  return check_certificate(cert_path, key_path).value_or("");
}

// Writes the key at `path` anew, under a passphrase.
std::string encrypt_key(const TempDir& dir, const std::string& path) {
  std::FILE* in = std::fopen(path.c_str(), "re");
  const EvpPkeyPtr key(PEM_read_PrivateKey(in, nullptr, nullptr, nullptr));
  std::fclose(in);
  std::string target = dir.file("encrypted.key");
  std::FILE* out = std::fopen(target.c_str(), "we");
  std::string pass = "secret";
  const int written = PEM_write_PKCS8PrivateKey(out, key.get(), EVP_aes_128_cbc(), pass.data(),
                                                static_cast<int>(pass.size()), nullptr, nullptr);
  std::fclose(out);
  REQUIRE(written == 1);
  return target;
}

TEST_CASE("certificates: a good pair has names, a type and an end", "[tls][certificates]") {
  const TempDir dir;
  const auto type = GENERATE(KeyType::EcdsaP256, KeyType::Rsa2048);
  const TestCertificate files = make_certificate(dir.path(), "common.example",
                                                 {"A.example", "*.b.example", "a.EXAMPLE"}, type);
  CHECK(problem(files.cert_path, files.key_path).empty());
  const auto loaded = load_certificate(files.cert_path, files.key_path);
  REQUIRE(loaded);
  CHECK(loaded->names == std::vector<std::string>{"a.example", "*.b.example"});
  CHECK(loaded->key_type == (type == KeyType::Rsa2048 ? EVP_PKEY_RSA : EVP_PKEY_EC));
  CHECK(loaded->chain.empty());
  const auto left = loaded->not_after - std::chrono::system_clock::now();
  CHECK(left > std::chrono::hours(29 * 24));
  CHECK(left < std::chrono::hours(31 * 24));
}

TEST_CASE("certificates: the common name counts where there are no DNS names",
          "[tls][certificates]") {
  const TempDir dir;
  const TestCertificate files = make_certificate(dir.path(), "Common.Example", {});
  const auto loaded = load_certificate(files.cert_path, files.key_path);
  REQUIRE(loaded);
  CHECK(loaded->names == std::vector<std::string>{"common.example"});
}

TEST_CASE("certificates: a common name that is no host name is left out", "[tls][certificates]") {
  const TempDir dir;
  const TestCertificate files = make_certificate(dir.path(), "Jane Doe", {});
  const auto loaded = load_certificate(files.cert_path, files.key_path);
  REQUIRE(loaded);
  CHECK(loaded->names.empty());
}

TEST_CASE("certificates: a chain and a key may share one file", "[tls][certificates]") {
  const TempDir dir;
  const TestCertificate leaf = make_certificate(dir.path(), "leaf.example", {});
  const TestCertificate above = make_certificate(dir.path(), "above.example", {});
  const std::string all =
      dir.write("all.pem", support::read_file(leaf.key_path) + support::read_file(leaf.cert_path) +
                               support::read_file(above.cert_path));
  CHECK(problem(all, all).empty());
  const auto loaded = load_certificate(all, all);
  REQUIRE(loaded);
  CHECK(loaded->chain.size() == 1);
  CHECK(loaded->names == std::vector<std::string>{"leaf.example"});
}

TEST_CASE("certificates: a key behind its parameters is found", "[tls][certificates]") {
  const TempDir dir;
  const TestCertificate files = make_certificate(dir.path(), "a.example", {});
  // As `openssl ecparam -genkey` writes it.
  const std::string key = dir.write(
      "ec.key", "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" +
                    support::read_file(files.key_path));
  CHECK(problem(files.cert_path, key).empty());
}

TEST_CASE("certificates: each mistake is told in a sentence that names the file",
          "[tls][certificates]") {
  const TempDir dir;
  const TestCertificate a = make_certificate(dir.path(), "a.example", {});
  const TestCertificate b = make_certificate(dir.path(), "b.example", {});
  const TestCertificate rsa = make_certificate(dir.path(), "rsa", {}, KeyType::Rsa2048);
  const std::string missing = dir.file("missing.pem");
  const std::string empty = dir.write("empty.pem", "");
  const std::string text = dir.write("text.pem", "hello\n");

  CHECK(problem(missing, a.key_path) == "cannot open " + missing + ": No such file or directory");
  CHECK(problem(a.cert_path, missing) == "cannot open " + missing + ": No such file or directory");
  CHECK(problem(dir.path().string(), a.key_path) ==
        "cannot read " + dir.path().string() + ": Is a directory");
  CHECK(problem(empty, a.key_path) == "no certificate in " + empty);
  CHECK(problem(text, a.key_path) == "no certificate in " + text);
  CHECK(problem(a.key_path, a.key_path) == "no certificate in " + a.key_path);
  CHECK(problem(a.cert_path, empty) == "no private key in " + empty);
  CHECK(problem(a.cert_path, a.cert_path) == "no private key in " + a.cert_path);
  const std::string mismatch = "the private key in " + b.key_path +
                               " does not match the first certificate in " + a.cert_path;
  CHECK(problem(a.cert_path, b.key_path) == mismatch);
  CHECK(problem(rsa.cert_path, a.key_path) == "the private key in " + a.key_path +
                                                  " does not match the first certificate in " +
                                                  rsa.cert_path);
  const std::string encrypted = encrypt_key(dir, a.key_path);
  CHECK(problem(a.cert_path, encrypted) ==
        "the private key in " + encrypted +
            " is encrypted; store it without a passphrase (openssl pkey -in ...)");
  const std::string huge = dir.write("huge.pem", std::string(2 * 1024 * 1024, 'x'));
  CHECK(problem(huge, a.key_path) == huge + " is too large to be a certificate or a key");
}

TEST_CASE("certificates: damage is told with its place", "[tls][certificates]") {
  const TempDir dir;
  const TestCertificate a = make_certificate(dir.path(), "a.example", {});
  std::string second = support::read_file(a.cert_path);
  second.replace(second.find("MII") + 10, 4, "AAAA");
  const std::string chain = dir.write("chain.pem", support::read_file(a.cert_path) + second);
  CHECK_THAT(problem(chain, a.key_path),
             Catch::StartsWith("certificate 2 in " + chain + " is damaged: "));
  const std::string cut = dir.write("cut.pem", support::read_file(a.cert_path).substr(0, 200));
  CHECK_THAT(problem(cut, a.key_path),
             Catch::StartsWith("certificate 1 in " + cut + " is damaged: "));

  std::string key = support::read_file(a.key_path);
  key.replace(key.find('\n') + 3, 4, "AAAA");
  const std::string bad_key = dir.write("bad.key", key);
  CHECK_THAT(problem(a.cert_path, bad_key),
             Catch::StartsWith("the private key in " + bad_key + " is damaged: "));
}

TEST_CASE("certificates: a file without permission is told as such", "[tls][certificates]") {
  const TempDir dir;
  const TestCertificate a = make_certificate(dir.path(), "a.example", {});
  if (::geteuid() == 0) {
    // Root reads everything: only a path through a file is refused to it.
    const std::string through = a.cert_path + "/x.pem";
    CHECK(problem(through, a.key_path) == "cannot open " + through + ": Not a directory");
    return;
  }
  REQUIRE(::chmod(a.key_path.c_str(), 0) == 0);
  CHECK(problem(a.cert_path, a.key_path) == "cannot open " + a.key_path + ": Permission denied");
}

TEST_CASE("certificates: a key too weak for the library is refused by the check",
          "[tls][certificates]") {
  const TempDir dir;
  const EvpPkeyPtr key(EVP_RSA_gen(512));
  REQUIRE(key != nullptr);
  const X509Ptr weak(X509_new());
  X509_gmtime_adj(X509_getm_notBefore(weak.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(weak.get()), 3600);
  X509_set_pubkey(weak.get(), key.get());
  REQUIRE(X509_sign(weak.get(), key.get(), EVP_sha256()) > 0);
  const std::string path = dir.file("weak.pem");
  std::FILE* out = std::fopen(path.c_str(), "we");
  PEM_write_X509(out, weak.get());
  PEM_write_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(out);
  CHECK_THAT(problem(path, path), Catch::StartsWith("the certificate in " + path +
                                                    " cannot be served: ee key too small"));
}

}  // namespace
}  // namespace sluice::tls
