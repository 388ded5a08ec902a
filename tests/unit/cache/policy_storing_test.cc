// SPDX-License-Identifier: MIT
// What may be stored (RFC 9111 3, 5.2.2), and what is left out of it.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/unit/cache/policy_rows.h"

namespace sluice::cache {
namespace {

struct StoringRow {
  const char* name;
  const char* request;
  const char* response;
  Storing storing;
};

void check_storing(const std::vector<StoringRow>& rows, const Options& options = {}) {
  for (const StoringRow& row : rows) {
    INFO(row.name << "\n" << row.request << "\n" << row.response);
    CHECK(to_word(judge(row.request, row.response, options).storing) == to_word(row.storing));
  }
}

}  // namespace

TEST_CASE("policy: the request decides, too, what may be stored", "[cache][policy]") {
  check_storing({
      {"RFC 9111 3: GET", "", "Cache-Control: max-age=60", Storing::Allowed},
      {"RFC 9111 3: HEAD", "HEAD", "Cache-Control: max-age=60", Storing::Method},
      {"RFC 9111 3: OPTIONS", "OPTIONS", "Cache-Control: max-age=60", Storing::Method},
      {"RFC 9111 3: POST", "POST", "Cache-Control: max-age=60", Storing::Method},
      {"RFC 9111 5.2.1.5: no-store", "Cache-Control: no-store", "Cache-Control: max-age=60",
       Storing::RequestNoStore},
      {"RFC 9111 5.2.1.5: No-Store, among others", "Cache-Control: max-age=1, No-Store",
       "Cache-Control: max-age=60", Storing::RequestNoStore},
      {"RFC 9111 5.2.1.5: also on a second line", "Cache-Control: a\nCache-Control: no-store",
       "Cache-Control: max-age=60", Storing::RequestNoStore},
      {"RFC 9111 5.2.1.5: and whatever the response allows", "Cache-Control: no-store",
       "Cache-Control: public, s-maxage=60", Storing::RequestNoStore},
      {"RFC 9111 5.2.1.4: no-cache does not forbid it", "Cache-Control: no-cache",
       "Cache-Control: max-age=60", Storing::Allowed},
      {"RFC 9111 5.2.1.1: nor does max-age=0", "Cache-Control: max-age=0",
       "Cache-Control: max-age=60", Storing::Allowed},
      {"RFC 9111 5.4: nor does Pragma", "Pragma: no-cache", "Cache-Control: max-age=60",
       Storing::Allowed},
      {"RFC 9111 3.5: Authorization", "Authorization: x", "Cache-Control: max-age=60",
       Storing::Authorization},
      {"RFC 9111 3.5: Authorization and Expires", "Authorization: x", "Date: 0\nExpires: 60",
       Storing::Authorization},
      {"RFC 9111 3.5: Authorization and proxy-revalidate", "Authorization: x",
       "Cache-Control: max-age=60, proxy-revalidate", Storing::Authorization},
      {"RFC 9111 3.5: Authorization and no-cache", "Authorization: x",
       "Cache-Control: no-cache\nETag: \"a\"", Storing::Authorization},
      {"RFC 9111 3.5: public allows it", "Authorization: x", "Cache-Control: max-age=60, public",
       Storing::Allowed},
      {"RFC 9111 3.5: s-maxage allows it", "Authorization: x", "Cache-Control: s-maxage=60",
       Storing::Allowed},
      {"RFC 9111 3.5: must-revalidate allows it", "Authorization: x",
       "Cache-Control: max-age=60, must-revalidate", Storing::Allowed},
      {"RFC 9111 3.5: public does not make private shared", "Authorization: x",
       "Cache-Control: max-age=60, public, private", Storing::Private},
  });
}

TEST_CASE("policy: no-store, private and no-cache", "[cache][policy]") {
  check_storing({
      {"RFC 9111 5.2.2.5: no-store", "", "Cache-Control: no-store", Storing::NoStore},
      {"RFC 9111 5.2.2.5: nO-StOrE", "", "Cache-Control: max-age=60, nO-StOrE", Storing::NoStore},
      {"RFC 9111 5.2.2.5: beside max-age and Expires", "",
       "Cache-Control: max-age=60, no-store\nDate: 0\nExpires: 60", Storing::NoStore},
      {"RFC 9111 5.2.2.5: on a second line", "",
       "Cache-Control: max-age=60\nCache-Control: no-store", Storing::NoStore},
      {"RFC 9111 5.2.2.5: with an argument that it has not", "",
       "Cache-Control: max-age=60, no-store=1", Storing::NoStore},
      {"RFC 9111 5.2.2.5: beside public", "", "Cache-Control: max-age=60, public, no-store",
       Storing::NoStore},
      {"RFC 9111 5.2: within a quoted string it is none", "",
       "Cache-Control: max-age=60, a=\"no-store\"", Storing::Allowed},
      {"RFC 9111 5.2: behind an open quote nothing is known", "",
       "Cache-Control: private, a=\"max-age=60", Storing::Private},
      {"RFC 9111 5.2.2.7: private", "", "Cache-Control: private, max-age=60", Storing::Private},
      {"RFC 9111 5.2.2.7: Private", "", "Cache-Control: max-age=60, Private", Storing::Private},
      {"RFC 9111 5.2.2.7: private beside s-maxage", "", "Cache-Control: s-maxage=60, private",
       Storing::Private},
      {"RFC 9111 5.2.2.7: private with no field", "", "Cache-Control: max-age=60, private=\"\"",
       Storing::Private},
      {"RFC 9111 5.2.2.7: private with a list that is not closed", "",
       "Cache-Control: max-age=60, private=\"a", Storing::Private},
      {"RFC 9111 5.2.2.7: private with fields", "", "Cache-Control: max-age=60, private=\"a\"",
       Storing::Allowed},
      {"RFC 9111 5.2.2.7: private with a field, unquoted", "",
       "Cache-Control: max-age=60, private=a", Storing::Private},
      {"RFC 9111 5.2.2.7: in both forms", "", "Cache-Control: max-age=60, private=\"a\", private",
       Storing::Private},
      {"RFC 9111 5.2.2.4: no-cache and an ETag", "",
       "Cache-Control: no-cache, max-age=60\nETag: \"a\"", Storing::Allowed},
      {"RFC 9111 5.2.2.4: no-cache and Last-Modified", "",
       "Cache-Control: no-cache\nDate: 0\nLast-Modified: -10", Storing::Allowed},
      {"RFC 9111 5.2.2.4: no-cache, nothing to ask with", "", "Cache-Control: no-cache, max-age=60",
       Storing::NoLifetime},
      {"RFC 9111 5.2.2.4: no-cache with fields", "", "Cache-Control: max-age=60, no-cache=\"a\"",
       Storing::Allowed},
  });
}

// Whatever it was to forbid: each of these was stored, for a day by its Last-Modified.
TEST_CASE("policy: what is no directive forbids to store", "[cache][policy][regression]") {
  std::vector<std::string> responses;
  for (const char* control :
       {"private; max-age=600", "no-store; max-age=0", "no-store no-cache", "private max-age=0",
        "no-store;", "no-cache;", "private:", "\"no-store\"", "max-age:0", "public; max-age=60",
        "=private", "max-age=3600, foo=\"bar, private", "max-age=3600, foo=\"bar, no-store",
        "max-age=60, a=\"b\"private", "max-age=60, a=b private", "max-age=60; private",
        "max-age=60, must-understand, no-store;"}) {
    responses.push_back("Last-Modified: -864000\nCache-Control: " + std::string(control));
  }
  responses.emplace_back("Cache-Control: max-age=60\nCache-Control: private;");
  std::vector<StoringRow> rows;
  for (const std::string& response : responses) {
    rows.push_back({"RFC 9111 4.2.1, 5.2", "", response.c_str(), Storing::NoStore});
  }
  check_storing(rows);
}

TEST_CASE("policy: must-understand", "[cache][policy]") {
  check_storing({
      {"RFC 9111 5.2.2.3: a known status", "", "Cache-Control: max-age=60, must-understand",
       Storing::Allowed},
      {"RFC 9111 5.2.2.3: a known status, beside no-store", "",
       "Cache-Control: max-age=60, no-store, must-understand", Storing::Allowed},
      {"RFC 9111 5.2.2.3: an unknown status, beside no-store", "",
       "599\nCache-Control: max-age=60, no-store, must-understand", Storing::NotUnderstood},
      {"RFC 9111 5.2.2.3: an unknown status alone", "",
       "299\nCache-Control: max-age=60, must-understand", Storing::NotUnderstood},
      {"RFC 9111 5.2.2.3: it does not open what is private", "",
       "Cache-Control: max-age=60, no-store, must-understand, private", Storing::Private},
      {"RFC 9111 5.2.2.3: 404 is known", "", "404\nCache-Control: max-age=60, must-understand",
       Storing::Allowed},
      {"RFC 9111 5.2.2.3: 306 is not", "", "306\nCache-Control: max-age=60, must-understand",
       Storing::NotUnderstood},
      {"RFC 9111 5.2.2.3: 418 is not", "", "418\nCache-Control: max-age=60, must-understand",
       Storing::NotUnderstood},
      {"RFC 9111 5.2.2.3: nor is a 206 stored by it", "",
       "206\nCache-Control: max-age=60, must-understand", Storing::Partial},
  });
}

TEST_CASE("policy: something must say that a response may be kept, and it must be of use",
          "[cache][policy]") {
  check_storing({
      {"RFC 9111 3: nothing at all", "", "Date: 0", Storing::NoLifetime},
      {"RFC 9111 3: no fields", "", "", Storing::NoLifetime},
      {"RFC 9111 3: public alone", "", "Cache-Control: public", Storing::NoLifetime},
      {"RFC 9111 3: Expires", "", "Date: 0\nExpires: 60", Storing::Allowed},
      {"RFC 9111 3: a past Expires", "", "Date: 0\nExpires: -60", Storing::NoLifetime},
      {"RFC 9111 3: an unreadable Expires", "", "Date: 0\nExpires: x", Storing::NoLifetime},
      {"RFC 9111 3: max-age=0", "", "Cache-Control: max-age=0", Storing::NoLifetime},
      {"RFC 9111 3: s-maxage=0 beside max-age", "", "Cache-Control: max-age=60, s-maxage=0",
       Storing::NoLifetime},
      {"RFC 9111 3: max-age=0 and an ETag", "", "Cache-Control: max-age=0\nETag: \"a\"",
       Storing::Allowed},
      {"RFC 9111 3: an ETag alone", "", "ETag: \"a\"", Storing::Allowed},
      {"RFC 9111 3: a past Expires and an ETag", "", "Date: 0\nExpires: -60\nETag: \"a\"",
       Storing::Allowed},
      {"RFC 9111 3: an ETag alone, on a 403", "", "403\nETag: \"a\"", Storing::NoLifetime},
      {"RFC 9111 3: an ETag and public, on a 403", "", "403\nCache-Control: public\nETag: \"a\"",
       Storing::Allowed},
      {"RFC 9111 3: an ETag and no-cache, on a 403", "",
       "403\nCache-Control: no-cache\nETag: \"a\"", Storing::NoLifetime},
      {"RFC 9111 3: Expires, on a 403", "", "403\nDate: 0\nExpires: 60", Storing::Allowed},
      {"RFC 9111 3: s-maxage, on a 403", "", "403\nCache-Control: s-maxage=60", Storing::Allowed},
      {"RFC 9111 3: Last-Modified, on a 403", "", "403\nDate: 0\nLast-Modified: -1000",
       Storing::NoLifetime},
      {"RFC 9111 3: Last-Modified now", "", "Date: 0\nLast-Modified: 0", Storing::Allowed},
      {"RFC 9111 3: an unreadable Last-Modified", "", "Date: 0\nLast-Modified: x",
       Storing::NoLifetime},
      {"RFC 9111 4.2: stale when it comes", "", "Cache-Control: max-age=60\nAge: 60",
       Storing::NoLifetime},
      {"RFC 9111 4.2: a second before that", "", "Cache-Control: max-age=60\nAge: 59",
       Storing::Allowed},
      {"RFC 9111 4.2: stale when it comes, with an ETag", "",
       "Cache-Control: max-age=60\nAge: 60\nETag: \"a\"", Storing::Allowed},
      {"RFC 5861 3: stale when it comes, and of use for a while", "",
       "Cache-Control: max-age=60, stale-while-revalidate=30\nAge: 80", Storing::Allowed},
      {"RFC 5861 3: never fresh, and of use for a while", "",
       "Cache-Control: max-age=0, stale-while-revalidate=30", Storing::Allowed},
      {"RFC 5861 4: never fresh, of use when the origin fails", "",
       "Cache-Control: max-age=0, stale-if-error=30", Storing::Allowed},
      {"RFC 5861 3: stale when it comes, and not any more", "",
       "Cache-Control: max-age=60, stale-while-revalidate=30\nAge: 90", Storing::NoLifetime},
      {"RFC 5861 4: stale when it comes, of use when the origin fails", "",
       "Cache-Control: max-age=60, stale-if-error=30\nAge: 80", Storing::Allowed},
      {"RFC 9111 4.1: Vary: *", "", "Cache-Control: max-age=60\nVary: *", Storing::VaryAll},
      {"RFC 9111 4.1: Vary: * among others", "", "Cache-Control: max-age=60\nVary: a, *",
       Storing::VaryAll},
      {"RFC 9111 4.1: Vary: * on a second line", "", "Cache-Control: max-age=60\nVary: \nVary: *",
       Storing::VaryAll},
      {"RFC 9111 4.1: Vary with a name", "", "Cache-Control: max-age=60\nVary: a",
       Storing::Allowed},
      {"RFC 9111 4.1: Vary with more names than are kept", "",
       "Cache-Control: max-age=60\nVary: a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q", Storing::VaryTooLong},
      {"RFC 9111 3.3: 206", "", "206\nCache-Control: max-age=60\nContent-Range: x",
       Storing::Partial},
      {"RFC 9111 3.3: 206 without Content-Range", "", "206\nCache-Control: max-age=60",
       Storing::Partial},
      {"RFC 9110 14.4: Content-Range says nothing of a 200", "",
       "Cache-Control: max-age=60\nContent-Range: x", Storing::Allowed},
  });
}

TEST_CASE("policy: cookies are stored only where that is allowed", "[cache][policy]") {
  const std::vector<StoringRow> both = {
      {"RFC 9111 7.3: private, too", "", "Cache-Control: private\nSet-Cookie: a", Storing::Private},
      {"RFC 9111 7.3: named by no-cache", "",
       "Cache-Control: max-age=60, no-cache=\"Set-Cookie\"\nSet-Cookie: a", Storing::Allowed},
      {"RFC 9111 7.3: named by private", "",
       "Cache-Control: max-age=60, private=\"x, set-cookie\"\nSet-Cookie: a", Storing::Allowed},
      {"RFC 9111 7.3: another field named", "",
       "Cache-Control: max-age=60, private=\"set-cookie2\"", Storing::Allowed},
  };
  check_storing(both);
  check_storing({
      {"RFC 9111 7.3: max-age", "", "Cache-Control: max-age=60\nSet-Cookie: a", Storing::SetCookie},
      {"RFC 9111 7.3: public", "", "Cache-Control: public, max-age=60\nSet-Cookie: a",
       Storing::SetCookie},
      {"RFC 9111 7.3: another field named by no-cache", "",
       "Cache-Control: max-age=60, no-cache=\"set-cookie2\"\nSet-Cookie: a", Storing::SetCookie},
  });
  Options allowed;
  allowed.store_set_cookie = true;
  check_storing(both, allowed);
  check_storing(
      {{"RFC 9111 7.3: allowed", "", "Cache-Control: max-age=60\nSet-Cookie: a", Storing::Allowed},
       {"RFC 9111 7.3: allowed, without a lifetime", "", "Set-Cookie: a", Storing::NoLifetime}},
      allowed);
}

TEST_CASE("policy: fields that a response names are left out", "[cache][policy]") {
  struct NamedField {
    const char* name;
    const char* response;
    const char* field;
    bool unstored;
  };
  const std::vector<NamedField> rows = {
      {"RFC 9111 5.2.2.4: one", "Cache-Control: max-age=60, no-cache=\"a\"", "A", true},
      {"RFC 9111 5.2.2.4: not another", "Cache-Control: max-age=60, no-cache=\"a\"", "b", false},
      {"RFC 9111 5.2.2.4: the second", "Cache-Control: no-cache=\"a, X-Long\"", "x-long", true},
      {"RFC 9111 5.2.2.4: no part of a name", "Cache-Control: no-cache=\"a, X-Long\"", "x", false},
      {"RFC 9111 5.2.2.7: private", "Cache-Control: private=\"A,B\"", "b", true},
      {"RFC 9111 5.2.2.7: both lists, the one", "Cache-Control: private=\"a\", no-cache=\"b\"", "a",
       true},
      {"RFC 9111 5.2.2.7: both lists, the other", "Cache-Control: private=\"a\", no-cache=\"b\"",
       "b", true},
      {"RFC 9111 5.2.2.7: no list", "Cache-Control: max-age=60", "a", false},
      {"RFC 9213 2.1: named by the targeted field", "CDN-Cache-Control: private=\"a\"", "a", true},
      {"RFC 9213 2.2: and then not by Cache-Control",
       "CDN-Cache-Control: max-age=60\nCache-Control: private=\"a\"", "a", false},
  };
  for (const NamedField& row : rows) {
    INFO(row.name << "\n" << row.response << "\n" << row.field);
    CHECK(is_unstored(judge("", row.response), row.field) == row.unstored);
  }
}

}  // namespace sluice::cache
