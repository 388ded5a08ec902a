// SPDX-License-Identifier: MIT
#include "proxy/handlers/selection.h"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <span>

#include "proxy/http/content_fields.h"
#include "proxy/http/digests.h"

namespace sluice::handlers {

namespace {

using http::FieldId;
using http::Ranges;

constexpr int kOk = 200;
constexpr int kPartialContent = 206;
constexpr int kNotModified = 304;
constexpr int kPreconditionFailed = 412;
constexpr int kRangeNotSatisfiable = 416;

template <typename Format, typename... Args>
std::string_view text(Arena& arena, const Format& format, const Args&... args) {
  constexpr std::size_t kRoom = 128;
  char* const out = arena.allocate(kRoom);
  const auto result = fmt::format_to_n(out, kRoom, format, args...);
  return {out, std::min(result.size, kRoom)};
}

http::Precondition judge_conditions(const http::RequestHead& request, const Representation& of,
                                    std::int64_t now) {
  http::Validators validators = of.validators;
  if (of.of_cache && !validators.last_modified) validators.last_modified = validators.date;
  return http::evaluate_conditions(request, validators, now);
}

// RFC 9110 15.4.5: what a cache would update, and no more.
void keep_fields_of_not_modified(http::Fields& fields) {
  const bool has_etag = fields.has(FieldId::ETag);
  fields.remove_if([has_etag](const http::Field& field) {
    if (field.id == FieldId::ContentLocation) return false;
    if (field.id == FieldId::LastModified) return has_etag;
    constexpr std::string_view kContent = "content-";
    return field.id == FieldId::AcceptRanges ||
           http::iequals(field.name.substr(0, kContent.size()), kContent);
  });
}

bool is_of_representation(const http::Field& field) {
  return field.id == FieldId::Age || field.id == FieldId::Date || http::is_of_content(field) ||
         http::is_digest(field.name);
}

void plan_unsatisfiable(exchange::Exchange& exchange, std::uint64_t size, BodyPlan& plan) {
  http::Fields& fields = exchange.response_slot().fields;
  fields.remove_if(is_of_representation);
  exchange.set_refuses_range();
  fields.add(FieldId::ContentRange, text(exchange.arena(), FMT_COMPILE("bytes */{}"), size));
  plan.whole(0);
}

// The request's id is as good a boundary as any: random, and in no file.
void plan_multipart(exchange::Exchange& exchange, const Representation& of,
                    std::span<const http::ByteRange> ranges, BodyPlan& plan) {
  char* const boundary = exchange.arena().allocate(exchange::RequestIds::kBytes);
  exchange.services().request_ids.write(boundary);
  const std::string_view boundary_text(boundary, exchange::RequestIds::kBytes);
  plan.multipart({ranges, *of.size, of.content_type, boundary_text}, exchange.arena());
  http::Fields& fields = exchange.response_slot().fields;
  fields.remove(FieldId::ContentRange);
  fields.set(
      FieldId::ContentType,
      text(exchange.arena(), FMT_COMPILE("multipart/byteranges; boundary={}"), boundary_text));
}

// What is true of the whole alone.
void remove_fields_of_whole(http::Fields& fields) {
  fields.remove_if([](const http::Field& field) {
    const bool denies_parts =
        field.id == FieldId::AcceptRanges && http::iequals(field.value, "none");
    return denies_parts || http::is_content_digest(field.name);
  });
}

void plan_ranges(exchange::Exchange& exchange, const Representation& of,
                 std::span<const http::ByteRange> ranges, BodyPlan& plan) {
  remove_fields_of_whole(exchange.response_slot().fields);
  if (ranges.size() > 1) return plan_multipart(exchange, of, ranges, plan);
  const http::ByteRange& range = ranges.front();
  plan.range(range);
  exchange.response_slot().fields.set(
      FieldId::ContentRange,
      text(exchange.arena(), FMT_COMPILE("bytes {}-{}/{}"), range.first, range.last, *of.size));
}

}  // namespace

int select(exchange::Exchange& exchange, const Representation& of, BodyPlan& plan) {
  const http::RequestHead& request = exchange.request();
  const std::int64_t now = std::time(nullptr);
  switch (judge_conditions(request, of, now)) {
    case http::Precondition::NotModified:
      keep_fields_of_not_modified(exchange.response_slot().fields);
      return kNotModified;
    case http::Precondition::Failed:
      return kPreconditionFailed;
    case http::Precondition::Holds:
      break;
  }
  if (!of.size) return kOk;
  const bool ranged = request.method == http::Method::Get &&
                      request.fields.count(FieldId::Range) == 1 &&
                      http::range_condition_holds(request.fields, of.validators, now);
  Ranges ranges;
  const Ranges::Verdict verdict = ranged
                                      ? ranges.parse(request.fields.value(FieldId::Range), *of.size)
                                      : Ranges::Verdict::Ignored;
  switch (verdict) {
    case Ranges::Verdict::Ignored:
      plan.whole(*of.size);
      return kOk;
    case Ranges::Verdict::Unsatisfiable:
      plan_unsatisfiable(exchange, *of.size, plan);
      return kRangeNotSatisfiable;
    case Ranges::Verdict::Satisfiable:
      break;
  }
  plan_ranges(exchange, of, ranges.items(), plan);
  return kPartialContent;
}

}  // namespace sluice::handlers
