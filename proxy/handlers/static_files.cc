// SPDX-License-Identifier: MIT
#include "proxy/handlers/static_files.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <optional>
#include <string>
#include <utility>

#include "proxy/exchange/exchange.h"
#include "proxy/handlers/directory_listing.h"
#include "proxy/handlers/file_body.h"
#include "proxy/handlers/file_version.h"
#include "proxy/handlers/mime_types.h"
#include "proxy/handlers/selection.h"
#include "proxy/handlers/stored_answer.h"
#include "proxy/handlers/stored_head.h"
#include "proxy/http/accept_encoding.h"
#include "proxy/http/date.h"
#include "proxy/http/uri.h"

namespace sluice::handlers {

namespace {

using exchange::Kind;
using exchange::Side;
using http::FieldId;

// The best first; and how the names of files in each end.
constexpr std::array<std::string_view, 3> kCodings = {"br", "zstd", "gzip"};
constexpr std::array<std::string_view, 3> kSuffixes = {".br", ".zst", ".gz"};

// What is not sent by the kernel itself: three full records of TLS, which leave as one packet.
constexpr std::size_t kReadBytes = 48 * 1024;

// One file on its way to one client. Sends a bounded share in a turn, so that a fast client and a
// large file hold up nobody else.
class FileResponder final : public exchange::Responder,
                            private net::Requeued,
                            private CodedCopy::Source {
 public:
  FileResponder(exchange::Exchange& exchange, const FileLookup& lookup, const MimeTypes& types,
                bool precompressed, const StoredFiles& stored)
      : exchange_(exchange),
        lookup_(lookup),
        types_(types),
        precompressed_(precompressed),
        stored_(stored),
        stored_answer_(exchange, stored.store()),
        coded_(exchange, stored.store(), *this) {}

  void start() override;
  void on_request_body(std::string_view) override {}
  void on_request_end(const http::Fields&) override {}
  void on_client_drained() override {
    stored_answer_.started() ? stored_answer_.on_client_drained() : send_some();
  }
  bool outlives_client_end() const override { return true; }
  void cancel() override {
    stored_answer_.stop();
    unlink();
  }

 private:
  // net::Requeued
  void on_requeued() override { send_some(); }

  // CodedCopy::Source
  CodedCopy::Source::Name name() override;
  void send_instead(cache::BodyPtr copy) override { body_.take_instead(std::move(copy)); }

  void unlink() { net::Requeued::ListHook<net::RequeueTag>::unlink(); }
  void refuse(Kind kind) { exchange_.fail({Side::Proxy, kind}); }
  FoundFile find(std::string_view path);
  std::string_view own_path();
  bool lacks_slash(std::string_view path);
  void redirect_to_directory();
  void list(std::string_view path, FoundFile directory);
  std::string_view accepted_codings();
  bool answer_as_kept(std::string_view path, std::string_view codings);
  bool answer_from_store(std::string_view path, std::string_view extras);
  void answer_from(cache::EntryPtr entry);
  bool answer_from_open();
  void answer(FoundFile found);
  void answer_by_store(OpenFile& file);
  void answer_by_file(OpenFilePtr file);
  OpenFile choose_coding(FoundFile file);
  http::Validators describe(const OpenFile& open);
  void send_head(int status);
  std::optional<std::size_t> send_directly();
  void send_some();
  void finish();

  exchange::Exchange& exchange_;
  const FileLookup& lookup_;
  const MimeTypes& types_;
  const bool precompressed_;
  const StoredFiles& stored_;
  http::EncodingRanks codings_;  // of kCodings
  cache::Key key_;               // in the store
  StoredFiles::Found known_;     // what that has
  StoredAnswer stored_answer_;
  FileBody body_;
  CodedCopy coded_;  // of that
  bool sending_ = false;
};

void FileResponder::start() {
  const http::Method method = exchange_.request().method;
  if (method != http::Method::Get && method != http::Method::Head) return refuse(Kind::ReadOnly);
  const std::string_view path = own_path();
  if (!path.starts_with('/')) return refuse(Kind::FileMissing);
  if (lacks_slash(path)) return redirect_to_directory();
  const std::string_view codings = accepted_codings();
  if (answer_as_kept(path, codings)) return;
  FoundFile file = find(path);
  switch (file.status) {
    case FoundFile::Status::Found:
      // Kept once, for all paths that lead to it.
      if (!file.fallback.empty() && answer_as_kept(file.fallback, codings)) return;
      return answer(std::move(file));
    case FoundFile::Status::Directory:
      return redirect_to_directory();
    case FoundFile::Status::Listing:
      return list(path, std::move(file));
    case FoundFile::Status::Missing:
    case FoundFile::Status::Refused:
      return refuse(Kind::FileMissing);
    case FoundFile::Status::Forbidden:
      return refuse(Kind::FileForbidden);
    case FoundFile::Status::Failed:
      return refuse(Kind::FileFailed);
  }
}

// There may be no descriptor left but those that are kept in case.
FoundFile FileResponder::find(std::string_view path) {
  FoundFile file = lookup_.find(path, exchange_.arena());
  OpenFiles* const kept = exchange_.services().open_files;
  const bool again =
      file.status == FoundFile::Status::Failed && kept != nullptr && kept->let_all_go();
  return again ? lookup_.find(path, exchange_.arena()) : std::move(file);
}

// The path as the route rewrites it, in one piece.
std::string_view FileResponder::own_path() {
  const route::RewrittenPath path = exchange_.rewritten_path();
  return exchange_.arena().join({path.head, path.tail});
}

// The bare prefix of a route ("/s" of "/s/*") has become "/". Links in that directory would lead
// the client elsewhere.
bool FileResponder::lacks_slash(std::string_view path) {
  return path.ends_with('/') && !exchange_.path().ends_with('/') && !exchange_.match().exact;
}

// The client's own path, not the one below the root; it cannot begin with "//".
void FileResponder::redirect_to_directory() {
  const http::RequestHead& request = exchange_.request();
  const std::string_view uri = exchange_.arena().join(
      {exchange_.path(), request.has_query ? "/?" : "/", request.has_query ? request.query : ""});
  char* const location = exchange_.arena().allocate(3 * uri.size());
  const char* const end = http::put_uri_text(location, uri);
  exchange_.response_slot().fields.add(FieldId::Location,
                                       {location, static_cast<std::size_t>(end - location)});
  constexpr int kPermanentRedirect = 308;
  send_head(kPermanentRedirect);
}

// A letter for each that this client takes, the most wanted first, behind a sign that it matters:
// which file answers depends on them.
std::string_view FileResponder::accepted_codings() {
  if (!precompressed_) return {};
  codings_ = http::EncodingRanks(exchange_.request().fields, kCodings);
  char* const letters = exchange_.arena().allocate(1 + kCodings.size());
  letters[0] = '+';
  std::size_t count = 1;
  for (const std::size_t i : codings_.indices()) letters[count++] = kCodings[i].front();
  return {letters, count};
}

bool FileResponder::answer_as_kept(std::string_view path, std::string_view codings) {
  return answer_from_store(path, codings) || answer_from_open();
}

bool FileResponder::answer_from_store(std::string_view path, std::string_view extras) {
  key_ = stored_.key(exchange_, lookup_, path, extras);
  known_ = stored_.find(key_, std::time(nullptr));
  if (known_.fresh) answer_from(std::move(known_.entry));
  return known_.fresh;
}

void FileResponder::answer_from(cache::EntryPtr entry) {
  put_stored_head(exchange_, *entry);
  stored_answer_.start(std::move(entry), StoredAnswer::Of::File);
}

bool FileResponder::answer_from_open() {
  OpenFiles* const open_files = exchange_.services().open_files;
  OpenFilePtr file = open_files != nullptr ? open_files->find(key_.text) : nullptr;
  if (file == nullptr) return false;
  answer_by_file(std::move(file));
  return true;
}

// Read before it is described: what is said of it is to be true of these bytes.
void FileResponder::answer_by_store(OpenFile& file) {
  const cache::BodyPtr body = stored_.body_of(file.found, known_);
  if (!body) return refuse(Kind::FileFailed);
  describe(file);
  answer_from(
      stored_.keep(exchange_, key_, {body, content_mark(file.found)}, known_, std::time(nullptr)));
}

// The page has the client's own path for a heading, so it is not kept for others.
void FileResponder::list(std::string_view path, FoundFile directory) {
  const std::string_view heading = exchange_.path();
  // Made anew each time, it has no parts that anybody could come back to.
  exchange_.request().fields.remove(FieldId::Range);
  if (answer_from_store(path, exchange_.arena().join({"listing:", heading}))) return;
  const std::optional<std::string> page = directory_listing(lookup_, std::move(directory), heading);
  if (!page) return refuse(Kind::FileFailed);
  exchange_.response_slot().fields.add(FieldId::ContentType, "text/html; charset=utf-8");
  answer_from(
      stored_.keep(exchange_, key_, {stored_.body_of(*page), {}}, known_, std::time(nullptr)));
}

void FileResponder::answer(FoundFile found) {
  OpenFile file = choose_coding(std::move(found));
  if (file.found.size <= StoredFiles::kFileBytesMax) return answer_by_store(file);
  file.found.path = {};  // it is of this exchange
  file.found.fallback = {};
  OpenFilePtr large = std::make_shared<const OpenFile>(std::move(file));
  OpenFiles* const open_files = exchange_.services().open_files;
  if (open_files != nullptr) open_files->keep(key_.text, large);
  answer_by_file(std::move(large));
}

void FileResponder::answer_by_file(OpenFilePtr file) {
  const Representation representation{describe(*file), file->found.size, file->type};
  body_.take(std::move(file));
  const int status = select(exchange_, representation, body_.plan());
  constexpr int kPreconditionFailed = 412;
  if (status == kPreconditionFailed) return refuse(Kind::PreconditionFailed);
  send_head(status);
}

// None of what may change unseen, or is larger than what is kept.
CodedCopy::Source::Name FileResponder::name() {
  const FoundFile& file = body_.file();
  const std::string mark = content_mark(file);
  if (mark.empty() || file.size > stored_.object_bytes_max()) return {};
  return {exchange_.arena().join({key_.text, "\nof:", mark}), {}};
}

OpenFile FileResponder::choose_coding(FoundFile file) {
  const MimeType type = types_.of(file.path);
  const bool depends_on_codings = precompressed_ && type.compressible;
  if (!depends_on_codings) return {std::move(file), std::string(type.name), {}, false};
  for (const std::size_t i : codings_.indices()) {
    FoundFile sibling = lookup_.find_sibling(file, kSuffixes[i], exchange_.arena());
    if (sibling.status != FoundFile::Status::Found) continue;
    return {std::move(sibling), std::string(type.name), kCodings[i], true};
  }
  return {std::move(file), std::string(type.name), {}, true};
}

// What the head says of the file.
http::Validators FileResponder::describe(const OpenFile& open) {
  const FoundFile& file = open.found;
  http::Validators validators;
  http::Fields& fields = exchange_.response_slot().fields;
  validators.etag = entity_tag(file, exchange_.arena());
  fields.add(FieldId::ETag, validators.etag);
  // A date in the future would be wrong for ever (RFC 9110 8.8.2.1).
  validators.date = std::time(nullptr);
  // One that may be that of two contents would be, too.
  if (is_settled(file)) {
    validators.last_modified = std::min(last_modified(file), *validators.date);
    validators.here_since = here_since(file);
    char* const date = exchange_.arena().allocate(http::kHttpDateSize);
    http::write_http_date(date, *validators.last_modified);
    fields.add(FieldId::LastModified, {date, http::kHttpDateSize});
  }
  if (open.depends_on_codings) fields.add(FieldId::Vary, "Accept-Encoding");
  if (!open.coding.empty()) fields.add(FieldId::ContentEncoding, open.coding);
  fields.add(FieldId::AcceptRanges, "bytes");
  fields.add(FieldId::ContentType, open.type);
  return validators;
}

void FileResponder::send_head(int status) {
  http::ResponseHead& head = exchange_.response_slot();
  head.status = status;
  head.body = http::framing_of(status, body_.plan().size(),
                               exchange_.request().method == http::Method::Head);
  const bool has_body = head.body.has_body();
  head.keep_alive = true;
  if (has_body) exchange_.offer(coded_);
  exchange_.send_head(head);
  if (!has_body) return exchange_.finish();
  // In this turn, but not within this call: the loop's scratch memory may hold what is being read.
  sending_ = true;
  exchange_.services().loop.call_again(*this);
}

// Nothing where the next bytes are not the file's, or have to be read and written.
std::optional<std::size_t> FileResponder::send_directly() {
  if (!body_.is_file()) return std::nullopt;
  const BodyPlan::Piece piece = body_.plan().next();
  if (!piece.text.empty() || piece.bytes == 0) return std::nullopt;
  const std::size_t bytes = std::min<std::uint64_t>(piece.bytes, exchange_.turn_bytes());
  const auto sent = exchange_.send_file(body_.file().fd.get(), piece.from, bytes);
  if (sent && *sent > 0) body_.plan().sent(*sent);
  return sent;
}

// What was changed while it was sent may have been read in part before and in part after.
void FileResponder::finish() {
  sending_ = false;
  if (coded_.in_making() && !is_untouched(body_.file())) coded_.drop();
  exchange_.finish();
}

void FileResponder::send_some() {
  if (!sending_) return;
  net::EventLoop& loop = exchange_.services().loop;
  for (std::size_t sent = 0; sent < exchange_.turn_bytes();) {
    const std::size_t waiting = exchange_.unsent();
    if (waiting > exchange_.rules().response_watermark_bytes) return;  // until drained
    if (const std::optional<std::size_t> direct = send_directly()) {
      if (*direct == 0) return;  // until drained
      sent += *direct;
      continue;
    }
    bool failed = false;
    const std::size_t room = kReadBytes - std::min(waiting, kReadBytes / 2);  // with the head
    const std::string_view bytes = body_.next(loop.scratch().first(room), &failed);
    if (failed) return refuse(Kind::FileFailed);
    if (bytes.empty()) return finish();
    exchange_.write(bytes);
    sent += bytes.size();
  }
  loop.call_again(*this);
}

}  // namespace

ArenaPtr<exchange::Responder> StaticFiles::respond(exchange::Exchange& exchange) const {
  return exchange.arena().make<FileResponder>(exchange, lookup_, types_, precompressed_, stored_);
}

}  // namespace sluice::handlers
