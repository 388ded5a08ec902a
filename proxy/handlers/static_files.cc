// SPDX-License-Identifier: MIT
#include "proxy/handlers/static_files.h"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <utility>

#include "proxy/exchange/exchange.h"
#include "proxy/handlers/file_body.h"
#include "proxy/handlers/mime_types.h"
#include "proxy/http/accept_encoding.h"
#include "proxy/http/conditional.h"
#include "proxy/http/date.h"
#include "proxy/http/status.h"

namespace sluice::handlers {

namespace {

using exchange::Kind;
using exchange::Side;
using http::FieldId;

struct Coding {
  std::string_view name;
  std::string_view suffix;
};

// The best first.
constexpr Coding kCodings[] = {{"br", ".br"}, {"zstd", ".zst"}, {"gzip", ".gz"}};

// One file on its way to one client. Sends a bounded share in a turn, so that a fast client and a
// large file hold up nobody else.
class FileResponder final : public exchange::Responder, private net::Requeued {
 public:
  FileResponder(exchange::Exchange& exchange, const FileLookup& lookup, bool precompressed)
      : exchange_(exchange), lookup_(lookup), precompressed_(precompressed) {}

  void start() override;
  void on_request_body(std::string_view) override {}
  void on_request_end(const http::Fields&) override {}
  void on_client_drained() override { send_some(); }
  void cancel() override { unlink(); }

 private:
  static constexpr std::size_t kTurnBytes = 512 * 1024;

  // net::Requeued
  void on_requeued() override { send_some(); }

  void unlink() { net::Requeued::ListHook<net::RequeueTag>::unlink(); }
  void refuse(Kind kind) { exchange_.fail({Side::Proxy, kind}); }
  std::string_view own_path();
  void redirect_to_directory();
  void answer(FoundFile file);
  FoundFile choose_coding(FoundFile file, const MimeType& type);
  void describe(const FoundFile& file);
  void send_whole_or_ranges(std::uint64_t size, const MimeType& type);
  void send_multipart(std::uint64_t size, const MimeType& type);
  void send_unsatisfiable(std::uint64_t size);
  void send_not_modified();
  void send_head(int status);
  void send_some();

  template <typename Format, typename... Args>
  std::string_view text(const Format& format, const Args&... args) {
    constexpr std::size_t kRoom = 128;
    char* const out = exchange_.arena().allocate(kRoom);
    const auto result = fmt::format_to_n(out, kRoom, format, args...);
    return {out, std::min(result.size, kRoom)};
  }

  exchange::Exchange& exchange_;
  const FileLookup& lookup_;
  const bool precompressed_;
  FileBody body_;
  http::Ranges ranges_;
  http::Validators validators_;
  bool sending_ = false;
};

void FileResponder::start() {
  const http::Method method = exchange_.request().method;
  if (method != http::Method::Get && method != http::Method::Head) return refuse(Kind::ReadOnly);
  const std::string_view path = own_path();
  if (!path.starts_with('/')) return refuse(Kind::FileMissing);
  FoundFile file = lookup_.find(path, exchange_.arena());
  switch (file.status) {
    case FoundFile::Status::Found:
      return answer(std::move(file));
    case FoundFile::Status::Directory:
      return redirect_to_directory();
    case FoundFile::Status::Missing:
      return refuse(Kind::FileMissing);
    case FoundFile::Status::Forbidden:
      return refuse(Kind::FileForbidden);
    case FoundFile::Status::Failed:
      return refuse(Kind::FileFailed);
  }
}

// The path as the route rewrites it, in one piece.
std::string_view FileResponder::own_path() {
  const route::RewrittenPath path = exchange_.rewritten_path();
  const std::size_t size = path.head.size() + path.tail.size();
  char* const out = exchange_.arena().allocate(size);
  path.tail.copy(out + path.head.copy(out, path.head.size()), path.tail.size());
  return {out, size};
}

// The client's own path, not the one below the root; it cannot begin with "//".
void FileResponder::redirect_to_directory() {
  const http::RequestHead& request = exchange_.request();
  const std::string_view path = exchange_.path();
  char* const out = exchange_.arena().allocate(path.size() + request.query.size() + 2);
  char* end = out + path.copy(out, path.size());
  *end++ = '/';
  if (request.has_query) {
    *end++ = '?';
    end += request.query.copy(end, request.query.size());
  }
  http::ResponseHead& head = exchange_.response_slot();
  head.fields.add(FieldId::Location, {out, static_cast<std::size_t>(end - out)});
  constexpr int kPermanentRedirect = 308;
  send_head(kPermanentRedirect);
}

void FileResponder::answer(FoundFile file) {
  const MimeType type = mime_type_of(file.path);
  file = choose_coding(std::move(file), type);
  describe(file);
  const http::RequestHead& request = exchange_.request();
  const std::int64_t now = std::time(nullptr);
  switch (http::evaluate_conditions(request, validators_, now)) {
    case http::Precondition::NotModified:
      return send_not_modified();
    case http::Precondition::Failed:
      return refuse(Kind::PreconditionFailed);
    case http::Precondition::Holds:
      break;
  }
  exchange_.response_slot().fields.add(FieldId::AcceptRanges, "bytes");
  body_.take(std::move(file.fd));
  const bool ranged = request.method == http::Method::Get &&
                      request.fields.count(FieldId::Range) == 1 &&
                      http::range_condition_holds(request.fields, validators_, now);
  auto verdict = http::Ranges::Verdict::Ignored;
  if (ranged) verdict = ranges_.parse(request.fields.value(FieldId::Range), file.size);
  if (verdict == http::Ranges::Verdict::Unsatisfiable) return send_unsatisfiable(file.size);
  send_whole_or_ranges(file.size, type);
}

FoundFile FileResponder::choose_coding(FoundFile file, const MimeType& type) {
  if (!precompressed_ || !type.compressible) return file;
  http::Fields& fields = exchange_.response_slot().fields;
  fields.add(FieldId::Vary, "Accept-Encoding");
  for (const Coding& coding : kCodings) {
    if (!http::accepts_encoding(exchange_.request().fields, coding.name)) continue;
    FoundFile sibling = lookup_.find_sibling(file, coding.suffix, exchange_.arena());
    if (sibling.status != FoundFile::Status::Found) continue;
    fields.add(FieldId::ContentEncoding, coding.name);
    return sibling;
  }
  return file;
}

void FileResponder::describe(const FoundFile& file) {
  validators_.etag = text(FMT_COMPILE("\"{:x}-{:x}.{:x}\""), file.size, file.modified_seconds,
                          file.modified_nanoseconds);
  // A date in the future would be wrong for ever (RFC 9110 8.8.2.1).
  validators_.last_modified = std::min<std::int64_t>(file.modified_seconds, std::time(nullptr));
  char* const date = exchange_.arena().allocate(http::kHttpDateSize);
  http::write_http_date(date, *validators_.last_modified);
  http::Fields& fields = exchange_.response_slot().fields;
  fields.add(FieldId::ETag, validators_.etag);
  fields.add(FieldId::LastModified, {date, http::kHttpDateSize});
}

void FileResponder::send_whole_or_ranges(std::uint64_t size, const MimeType& type) {
  http::Fields& fields = exchange_.response_slot().fields;
  const auto ranges = ranges_.items();
  if (ranges.size() > 1) return send_multipart(size, type);
  fields.add(FieldId::ContentType, type.name);
  if (ranges.empty()) {
    body_.whole(size);
    return send_head(200);
  }
  body_.range(ranges.front());
  fields.add(FieldId::ContentRange,
             text(FMT_COMPILE("bytes {}-{}/{}"), ranges.front().first, ranges.front().last, size));
  send_head(206);
}

// The request's id is as good a boundary as any: random, and in no file.
void FileResponder::send_multipart(std::uint64_t size, const MimeType& type) {
  char* const boundary = exchange_.arena().allocate(exchange::RequestIds::kBytes);
  exchange_.services().request_ids.write(boundary);
  const std::string_view text_of_boundary(boundary, exchange::RequestIds::kBytes);
  body_.multipart({ranges_.items(), size, type.name, text_of_boundary}, exchange_.arena());
  exchange_.response_slot().fields.add(
      FieldId::ContentType,
      text(FMT_COMPILE("multipart/byteranges; boundary={}"), text_of_boundary));
  send_head(206);
}

void FileResponder::send_unsatisfiable(std::uint64_t size) {
  http::Fields& fields = exchange_.response_slot().fields;
  fields.clear();
  fields.add(FieldId::ContentRange, text(FMT_COMPILE("bytes */{}"), size));
  send_head(416);
}

// RFC 9110 15.4.5: what a cache would update, and no more.
void FileResponder::send_not_modified() {
  http::ResponseHead& head = exchange_.response_slot();
  head.fields.remove(FieldId::ContentEncoding);
  head.fields.remove(FieldId::LastModified);
  send_head(304);
}

void FileResponder::send_head(int status) {
  http::ResponseHead& head = exchange_.response_slot();
  const bool wants_body = exchange_.request().method != http::Method::Head && status != 304;
  head.status = status;
  head.reason = http::reason_phrase(status);
  head.body = wants_body ? http::BodyFraming{http::BodyKind::Length, body_.size()}
                         : http::BodyFraming{http::BodyKind::None, body_.size(), status != 304};
  head.keep_alive = true;
  exchange_.send_head(head);
  if (!wants_body || body_.size() == 0) return exchange_.finish();
  // In this turn, but not within this call: the loop's scratch memory may hold what is being read.
  sending_ = true;
  exchange_.services().loop.call_again(*this);
}

void FileResponder::send_some() {
  if (!sending_) return;
  net::EventLoop& loop = exchange_.services().loop;
  for (std::size_t sent = 0; sent < kTurnBytes;) {
    if (exchange_.unsent() > exchange_.rules().response_watermark_bytes) return;  // until drained
    bool failed = false;
    const std::string_view bytes = body_.next(loop.scratch(), &failed);
    if (failed) return refuse(Kind::FileFailed);
    if (bytes.empty()) {
      sending_ = false;
      return exchange_.finish();
    }
    exchange_.write(bytes);
    sent += bytes.size();
  }
  loop.call_again(*this);
}

}  // namespace

ArenaPtr<exchange::Responder> StaticFiles::respond(exchange::Exchange& exchange) const {
  return exchange.arena().make<FileResponder>(exchange, lookup_, precompressed_);
}

}  // namespace sluice::handlers
