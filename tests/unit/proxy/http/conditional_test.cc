// SPDX-License-Identifier: MIT
#include "proxy/http/conditional.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace sluice::http {
namespace {

using P = Precondition;

constexpr std::int64_t kNow = 1'800'000'000;
constexpr std::int64_t kModified = 784'111'777;  // Sun, 06 Nov 1994 08:49:37 GMT
constexpr std::string_view kSame = "Sun, 06 Nov 1994 08:49:37 GMT";
constexpr std::string_view kBefore = "Sun, 06 Nov 1994 08:49:36 GMT";
constexpr std::string_view kAfter = "Mon, 07 Nov 1994 08:49:37 GMT";

const Validators kStrong{"\"a,b\"", kModified, kNow};
const Validators kWeak{"W/\"a\"", kModified, kNow};

using Conditions = std::vector<std::pair<FieldId, std::string_view>>;

RequestHead request_with(const Conditions& fields, Method method = Method::Get) {
  RequestHead head;
  head.method = method;
  for (const auto& [id, value] : fields) head.fields.add(id, value);
  return head;
}

}  // namespace

TEST_CASE("conditional: a date before it came says nothing of what came with an older one",
          "[http][conditional]") {
  const auto judge = [](std::int64_t here_since, std::string_view since) {
    Validators moved{"\"a\"", kModified, kNow};
    moved.here_since = here_since;
    return evaluate_conditions(request_with({{FieldId::IfModifiedSince, since}}), moved, kNow);
  };
  constexpr std::int64_t kDay = 86400;
  CHECK(judge(kModified + kDay, kAfter) == P::NotModified);
  CHECK(judge(kModified + kDay + 1, kAfter) == P::Holds);
  CHECK(judge(kModified + kDay + 1, kSame) == P::NotModified);
  CHECK(judge(kModified - kDay, kBefore) == P::Holds);
}

TEST_CASE("conditional: RFC 9110 13.2.2, condition by condition", "[http][conditional]") {
  struct Row {
    Conditions fields;
    P of_strong;
    P of_weak;
  };
  const std::vector<Row> rows = {
      {{}, P::Holds, P::Holds},
      {{{FieldId::IfMatch, "*"}}, P::Holds, P::Holds},
      {{{FieldId::IfMatch, "\"a,b\""}}, P::Holds, P::Failed},
      {{{FieldId::IfMatch, "\"x\" , \"a,b\""}}, P::Holds, P::Failed},
      {{{FieldId::IfMatch, "\"x\""}, {FieldId::IfMatch, "\"a,b\""}}, P::Holds, P::Failed},
      {{{FieldId::IfMatch, "W/\"a\""}}, P::Failed, P::Failed},  // 13.1.1: strongly
      {{{FieldId::IfMatch, "a,b"}}, P::Failed, P::Failed},
      {{{FieldId::IfUnmodifiedSince, kSame}}, P::Holds, P::Holds},
      {{{FieldId::IfUnmodifiedSince, kAfter}}, P::Holds, P::Holds},
      {{{FieldId::IfUnmodifiedSince, kBefore}}, P::Failed, P::Failed},
      {{{FieldId::IfUnmodifiedSince, "yesterday"}}, P::Holds, P::Holds},
      // 13.1.4: ignored where If-Match is.
      {{{FieldId::IfMatch, "*"}, {FieldId::IfUnmodifiedSince, kBefore}}, P::Holds, P::Holds},
      {{{FieldId::IfNoneMatch, "*"}}, P::NotModified, P::NotModified},
      {{{FieldId::IfNoneMatch, "\"a,b\""}}, P::NotModified, P::Holds},
      {{{FieldId::IfNoneMatch, "W/\"a,b\""}}, P::NotModified, P::Holds},  // 13.1.2: weakly
      {{{FieldId::IfNoneMatch, "\"x\", W/\"y\",\"a\""}}, P::Holds, P::NotModified},
      {{{FieldId::IfNoneMatch, "\"open"}}, P::Holds, P::Holds},
      {{{FieldId::IfNoneMatch, "a"}}, P::Holds, P::Holds},
      {{{FieldId::IfModifiedSince, kSame}}, P::NotModified, P::NotModified},
      {{{FieldId::IfModifiedSince, kAfter}}, P::NotModified, P::NotModified},
      {{{FieldId::IfModifiedSince, kBefore}}, P::Holds, P::Holds},
      {{{FieldId::IfModifiedSince, "garbage"}}, P::Holds, P::Holds},
      {{{FieldId::IfModifiedSince, kSame}, {FieldId::IfModifiedSince, kSame}}, P::Holds, P::Holds},
      // 13.1.3: ignored where If-None-Match is.
      {{{FieldId::IfNoneMatch, "\"x\""}, {FieldId::IfModifiedSince, kSame}}, P::Holds, P::Holds},
      // The first two come first.
      {{{FieldId::IfMatch, "\"x\""}, {FieldId::IfNoneMatch, "*"}}, P::Failed, P::Failed},
  };
  for (std::size_t i = 0; i < rows.size(); ++i) {
    CAPTURE(i);
    CHECK(evaluate_conditions(request_with(rows[i].fields), kStrong, kNow) == rows[i].of_strong);
    CHECK(evaluate_conditions(request_with(rows[i].fields), kWeak, kNow) == rows[i].of_weak);
  }
}

TEST_CASE("conditional: methods that change something fail where others are not modified",
          "[http][conditional]") {
  const Conditions none{{FieldId::IfNoneMatch, "*"}};
  CHECK(evaluate_conditions(request_with(none, Method::Head), kStrong, kNow) == P::NotModified);
  CHECK(evaluate_conditions(request_with(none, Method::Put), kStrong, kNow) == P::Failed);
  const Conditions since{{FieldId::IfModifiedSince, kSame}};
  CHECK(evaluate_conditions(request_with(since, Method::Put), kStrong, kNow) == P::Holds);
}

TEST_CASE("conditional: what has no validator matches no tag and no date", "[http][conditional]") {
  CHECK(evaluate_conditions(request_with({{FieldId::IfNoneMatch, "\"\""}}), {}, kNow) == P::Holds);
  CHECK(evaluate_conditions(request_with({{FieldId::IfModifiedSince, kSame}}), {}, kNow) ==
        P::Holds);
}

TEST_CASE("conditional: If-Range wants the very same", "[http][conditional]") {
  const auto holds = [](const Conditions& fields, const Validators& validators) {
    return range_condition_holds(request_with(fields).fields, validators, kNow);
  };
  CHECK(holds({}, kStrong));
  CHECK(holds({{FieldId::IfRange, "\"a,b\""}}, kStrong));
  CHECK_FALSE(holds({{FieldId::IfRange, "\"a\""}}, kStrong));
  CHECK_FALSE(holds({{FieldId::IfRange, "W/\"a\""}}, kWeak));
  CHECK(holds({{FieldId::IfRange, kSame}}, kStrong));
  CHECK_FALSE(holds({{FieldId::IfRange, kAfter}}, kStrong));
  CHECK_FALSE(holds({{FieldId::IfRange, "x"}}, kStrong));
  CHECK_FALSE(holds({{FieldId::IfRange, kSame}, {FieldId::IfRange, kSame}}, kStrong));
}

TEST_CASE("conditional: what stands in ETag is asked with where it is one tag",
          "[http][conditional]") {
  for (const char* tag : {"\"a\"", "W/\"a\"", "\"a,b c\"", "\"\"", "a", "a-b:c"}) {
    CAPTURE(tag);
    CHECK(is_condition(tag));
  }
  for (const char* tag :
       {"", "*", "\"a\", \"b\"", "\"a", "a\"", "\"a\"b", "a b", "a,b", ",\"a\""}) {
    CAPTURE(tag);
    CHECK_FALSE(is_condition(tag));
  }
}

TEST_CASE("conditional: If-Range by a date wants one that was long ago", "[http][conditional]") {
  const auto holds = [](std::optional<std::int64_t> date) {
    const Validators validators{"", kModified, date};
    return range_condition_holds(request_with({{FieldId::IfRange, kSame}}).fields, validators,
                                 kNow);
  };
  CHECK(holds(kModified + 60));
  CHECK_FALSE(holds(kModified + 59));
  CHECK_FALSE(holds(kModified));
  CHECK_FALSE(holds(kModified - 60));
  CHECK_FALSE(holds(std::nullopt));
}

}  // namespace sluice::http
