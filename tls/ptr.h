// SPDX-License-Identifier: MIT
// Owning pointers to OpenSSL objects. OpenSSL's types are only named here, so that the headers of
// this folder can be included by rooms that know nothing of <openssl/*>.
#pragma once

#include <memory>

struct bio_method_st;
struct bio_st;
struct evp_cipher_st;
struct evp_pkey_st;
struct ssl_ctx_st;
struct ssl_st;
struct x509_st;

namespace sluice::tls {

// Gives one reference back; OpenSSL frees the object with the last.
struct OpenSslDeleter {
  void operator()(bio_method_st* method) const noexcept;
  void operator()(bio_st* bio) const noexcept;
  void operator()(evp_cipher_st* cipher) const noexcept;
  void operator()(evp_pkey_st* key) const noexcept;
  void operator()(ssl_ctx_st* context) const noexcept;
  void operator()(ssl_st* ssl) const noexcept;
  void operator()(x509_st* certificate) const noexcept;
};

template <typename T>
using OpenSslPtr = std::unique_ptr<T, OpenSslDeleter>;

using BioMethodPtr = OpenSslPtr<bio_method_st>;
using BioPtr = OpenSslPtr<bio_st>;
using EvpCipherPtr = OpenSslPtr<evp_cipher_st>;
using EvpPkeyPtr = OpenSslPtr<evp_pkey_st>;
using SslCtxPtr = OpenSslPtr<ssl_ctx_st>;
using SslPtr = OpenSslPtr<ssl_st>;
using X509Ptr = OpenSslPtr<x509_st>;

}  // namespace sluice::tls
