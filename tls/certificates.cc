// SPDX-License-Identifier: MIT
#include "tls/certificates.h"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pemerr.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

#include "tls/error.h"

namespace sluice::tls {
namespace {

constexpr std::size_t kMaxFileBytes = 1024 * 1024;  // a chain has a few KiB

// The text of a file that may hold a private key: wiped when done with.
class Secret {
 public:
  explicit Secret(std::string text) : text_(std::move(text)) {}
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  Secret(Secret&& other) noexcept : text_(std::move(other.text_)) { other.wipe(); }
  Secret& operator=(Secret&&) = delete;
  ~Secret() { wipe(); }

  bool holds(std::string_view part) const { return text_.find(part) != std::string::npos; }

  BioPtr reader() const {
    return BioPtr(BIO_new_mem_buf(text_.data(), static_cast<int>(text_.size())));
  }

 private:
  void wipe() {
    if (!text_.empty()) OPENSSL_cleanse(text_.data(), text_.size());
  }
  std::string text_;
};

std::string system_message(int error) {
  return std::generic_category().message(error);
}

Result<Secret> read_file(const std::string& path) {
  const auto close = [](std::FILE* file) { std::fclose(file); };
  const std::unique_ptr<std::FILE, decltype(close)> file(std::fopen(path.c_str(), "rbe"), close);
  if (file == nullptr) return Error{"", "cannot open " + path + ": " + system_message(errno)};
  // Reserved at once, and unbuffered: growing would leave copies of a key behind in freed memory.
  std::setvbuf(file.get(), nullptr, _IONBF, 0);
  std::string text(kMaxFileBytes + 1, '\0');
  errno = 0;
  const std::size_t size = std::fread(text.data(), 1, text.size(), file.get());
  if (std::ferror(file.get()) != 0) {
    return Error{"", "cannot read " + path + ": " + system_message(errno)};
  }
  if (size > kMaxFileBytes) return Error{"", path + " is too large to be a certificate or a key"};
  text.resize(size);
  return Secret(std::move(text));
}

bool is_end_of_pem() {
  const unsigned long code = ERR_peek_last_error();
  return ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
}

Result<std::vector<X509Ptr>> read_chain(const std::string& path) {
  const Result<Secret> text = read_file(path);
  if (!text) return text.error();
  const BioPtr reader = text->reader();
  std::vector<X509Ptr> chain;
  clear_errors();
  while (X509* certificate = PEM_read_bio_X509(reader.get(), nullptr, nullptr, nullptr)) {
    chain.emplace_back(certificate);
  }
  if (!is_end_of_pem()) {
    return Error{"", "certificate " + std::to_string(chain.size() + 1) + " in " + path +
                         " is damaged: " + take_error_text()};
  }
  clear_errors();
  if (chain.empty()) return Error{"", "no certificate in " + path};
  return chain;
}

// Called only for an encrypted key. There is nobody to ask at start-up, and a passphrase in the
// configuration would protect nothing.
int refuse_passphrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

Result<EvpPkeyPtr> read_key(const std::string& path) {
  const Result<Secret> text = read_file(path);
  if (!text) return text.error();
  const BioPtr reader = text->reader();
  bool encrypted = false;
  clear_errors();
  EvpPkeyPtr key(PEM_read_bio_PrivateKey(reader.get(), nullptr, refuse_passphrase, &encrypted));
  if (key != nullptr) {
    clear_errors();
    return key;
  }
  const std::string why = take_error_text();
  if (encrypted) {
    return Error{"", "the private key in " + path +
                         " is encrypted; store it without a passphrase (openssl pkey -in ...)"};
  }
  if (!text->holds("PRIVATE KEY-----")) return Error{"", "no private key in " + path};
  return Error{"", "the private key in " + path + " is damaged: " + why};
}

// Lower case; empty for a name that holds anything a host name cannot, such as a NUL.
std::string host_name(const ASN1_STRING* asn1) {
  const auto* bytes = ASN1_STRING_get0_data(asn1);
  std::string name(bytes, bytes + ASN1_STRING_length(asn1));
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const bool allowed = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
                         c == '_' || c == '*';
    if (!allowed) return {};
  }
  return name;
}

std::string common_name(const X509* certificate) {
  const X509_NAME* subject = X509_get_subject_name(certificate);
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at < 0) return {};
  return host_name(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
}

std::vector<std::string> names_of(const X509* certificate) {
  std::vector<std::string> names;
  const auto add = [&names](std::string name) {
    const bool known = std::find(names.begin(), names.end(), name) != names.end();
    if (!name.empty() && !known) names.push_back(std::move(name));
  };
  using Names = std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)>;
  const Names alternative(static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(
                              certificate, NID_subject_alt_name, nullptr, nullptr)),
                          GENERAL_NAMES_free);
  bool has_dns = false;
  for (int i = 0; alternative != nullptr && i < sk_GENERAL_NAME_num(alternative.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(alternative.get(), i);
    if (name->type != GEN_DNS) continue;
    has_dns = true;
    add(host_name(name->d.dNSName));
  }
  // RFC 6125 section 6.4.4: the common name counts only where no DNS name is given.
  if (!has_dns) add(common_name(certificate));
  clear_errors();
  return names;
}

std::chrono::system_clock::time_point not_after_of(const X509* certificate) {
  std::tm time{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &time) != 1) return {};
  return std::chrono::system_clock::from_time_t(timegm(&time));
}

}  // namespace

Result<Certificate> load_certificate(const std::string& cert_path, const std::string& key_path) {
  Result<std::vector<X509Ptr>> chain = read_chain(cert_path);
  if (!chain) return chain.error();
  Result<EvpPkeyPtr> key = read_key(key_path);
  if (!key) return key.error();

  Certificate certificate;
  certificate.leaf = std::move(chain->front());
  chain->erase(chain->begin());
  certificate.chain = std::move(*chain);
  certificate.key = std::move(*key);
  const bool matches = X509_check_private_key(certificate.leaf.get(), certificate.key.get()) == 1;
  clear_errors();
  if (!matches) {
    return Error{"", "the private key in " + key_path +
                         " does not match the first certificate in " + cert_path};
  }
  certificate.key_type = EVP_PKEY_get_base_id(certificate.key.get());
  certificate.names = names_of(certificate.leaf.get());
  certificate.not_after = not_after_of(certificate.leaf.get());
  return certificate;
}

std::optional<std::string> install_certificate(ssl_ctx_st* context,
                                               const Certificate& certificate) {
  clear_errors();
  using Stack = std::unique_ptr<STACK_OF(X509), void (*)(STACK_OF(X509)*)>;
  const Stack chain(sk_X509_new_null(), [](STACK_OF(X509) * stack) { sk_X509_free(stack); });
  if (chain == nullptr) return take_error_text();
  for (const X509Ptr& above : certificate.chain) {
    if (sk_X509_push(chain.get(), above.get()) <= 0) return take_error_text();
  }
  const int installed = SSL_CTX_use_cert_and_key(context, certificate.leaf.get(),
                                                 certificate.key.get(), chain.get(), 1);
  return installed == 1 ? std::nullopt : std::optional(take_error_text());
}

std::optional<std::string> check_certificate(const std::string& cert_path,
                                             const std::string& key_path) {
  const Result<Certificate> certificate = load_certificate(cert_path, key_path);
  if (!certificate) return certificate.error().text();
  const SslCtxPtr scratch(SSL_CTX_new(TLS_server_method()));
  if (scratch == nullptr) return take_error_text();
  const auto refused = install_certificate(scratch.get(), *certificate);
  if (refused) return "the certificate in " + cert_path + " cannot be served: " + *refused;
  return std::nullopt;
}

}  // namespace sluice::tls
