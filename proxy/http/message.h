// SPDX-License-Identifier: MIT
// One HTTP/1 head as values: what request_parser and response_parser fill in, what the exchange
// reads, and what head_writer takes the framing from (RFC 9110, RFC 9112).
//
// All views are borrowed from the buffer the head was parsed in, but for a few literals ("/", "*").
// clear() keeps capacity, so a pooled head allocates nothing. Owned by one exchange.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "proxy/http/headers.h"

namespace sluice::http {

enum class Version : std::uint8_t { Http10, Http11 };

enum class Method : std::uint8_t {
  Get,
  Head,
  Post,
  Put,
  Delete,
  Options,
  Patch,
  Connect,
  Trace,
  Other
};

// Case-sensitive, as methods are.
Method method_of(std::string_view text);

// RFC 9110 9.2.1 and 9.2.2. An unknown method is neither.
bool is_safe(Method method);
bool is_idempotent(Method method);

// What Allow says of the methods that are served here: CONNECT and TRACE are not.
inline constexpr std::string_view kAllow = "GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH";

enum class BodyKind : std::uint8_t { None, Length, Chunked, UntilClose };

struct BodyFraming {
  BodyKind kind = BodyKind::None;
  std::uint64_t length = 0;  // bytes; for Length, and for None when announced
  // None only: Content-Length is sent although no body follows (responses to HEAD, 304).
  bool announced = false;
  // Chunked only: Connection names fields, and they may stand behind the body, too (RFC
  // 9110 7.6.1).
  bool drop_trailers = false;

  // Whether any byte of a body follows the head.
  bool has_body() const {
    return kind != BodyKind::None && (kind != BodyKind::Length || length > 0);
  }

  friend bool operator==(const BodyFraming&, const BodyFraming&) = default;
};

// The framing of an answer whose body has `size` bytes: none follows the head of 204, of 304 and in
// answer to HEAD, which alone still announces it.
BodyFraming framing_of(int status, std::uint64_t size, bool is_head);

// No length above this is accepted, so that sums of lengths and offsets cannot wrap.
inline constexpr std::uint64_t kMaxBodyLength = INT64_MAX;

// Where a head becomes 414 or 431. The line limits do not count the CRLF; `head` counts everything
// from the first byte of the start line to the empty line.
struct HeadLimits {
  std::size_t request_line = 8192;  // status lines too
  std::size_t field = 16384;
  std::size_t head = 32768;
  std::size_t fields = 100;
};

// Options of all Connection fields of a head together. Real ones have one or two; each costs a
// comparison with every field, so the parsers refuse more.
inline constexpr std::size_t kMaxConnectionOptions = 32;

enum class TargetForm : std::uint8_t { Origin, Absolute, Authority, Asterisk };

// What a head says beside its fields.
struct RequestStart {
  Method method = Method::Get;
  std::string_view method_text;
  // As sent; the origin part of an absolute-form target. Begins with '?' for "http://a?x", where
  // no '/' stands in the buffer: write_request_head() puts it there.
  std::string_view target;
  TargetForm form = TargetForm::Origin;
  std::string_view path;       // up to '?'; "*" for the asterisk-form, empty for CONNECT
  std::string_view query;      // after '?'
  bool has_query = false;      // tells "/a?" from "/a"
  std::string_view host;       // of the target, else of Host; IPv6 keeps its brackets; no port
  std::string_view authority;  // host with its port, if one was sent
  Version version = Version::Http11;
  BodyFraming body;
  bool keep_alive = false;       // the client lets the connection live on
  bool expect_continue = false;  // a 1.1 client waits for 100 before it sends its body
  bool upgrade = false;          // Upgrade is there and Connection names it
  // RFC 9110 7.6.2: how often it may still be forwarded. Only of OPTIONS.
  std::optional<std::uint32_t> max_forwards;
};

struct RequestHead : RequestStart {
  // As sent, but for two: Host is the authority of an absolute-form target, and Expect of an
  // HTTP/1.0 client is left out.
  Fields fields;

  void clear();
  void rebase(std::string_view from, const char* to);  // as Fields::rebase()
};

struct ResponseStart {
  int status = 0;
  std::string_view reason;  // empty: the one that is registered for the status
  Version version = Version::Http11;
  BodyFraming body;
  bool keep_alive = false;  // the backend's connection may serve another request after the body
  bool upgrade = false;     // 101, with Upgrade named by Connection

  bool is_interim() const { return status < 200; }
};

struct ResponseHead : ResponseStart {
  Fields fields;

  void clear();
};

}  // namespace sluice::http
