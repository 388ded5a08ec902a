// SPDX-License-Identifier: MIT
// Paths: RFC 3986 5.2.4 and 6.2.2. What is matched is what is forwarded, up to escapes of what
// needs none.
#include <catch2/catch.hpp>
#include <string>

#include "tests/wire/strict/requests.h"

using sluice::wire::FieldRow;
using sluice::wire::Frame;
using sluice::wire::RefusedRow;
using sluice::wire::RequestTable;

namespace {

constexpr Frame kGetFrame{"GET ", " HTTP/1.1\r\nHost: a\r\n\r\n"};

constexpr RefusedRow kRefused[] = {
    {"/..", 400, "path_refused"},
    {"/../", 400, "path_refused"},
    {"/../etc/passwd", 400, "path_refused"},
    {"/a/../..", 400, "path_refused"},
    {"/a/../../b", 400, "path_refused"},
    {"//..", 400, "path_refused"},
    {"/./..", 400, "path_refused"},
    {"/%2e%2e", 400, "path_refused"},
    {"/.%2e/", 400, "path_refused"},
    {"/%2E./x", 400, "path_refused"},
    {"/%2E%2E/%2e%2e/x", 400, "path_refused"},
    {"/a/%2e%2e/%2e%2e/b", 400, "path_refused"},
    {"/%00", 400, "path_refused"},
    {"/a%00.html", 400, "path_refused"},
    {"/%", 400, "path_refused"},
    {"/%4", 400, "path_refused"},
    {"/a%", 400, "path_refused"},
    {"/%zz", 400, "path_refused"},
    {"/%4g", 400, "path_refused"},
    {"/%u0041", 400, "path_refused"},
    {"/%-1", 400, "path_refused"},
    {"/%%41", 400, "path_refused"},
    {"http://b/../x", 400, "path_refused"},
    {"http://b/%00?x", 400, "path_refused"},
};

// As sent, and as the backend must see it.
constexpr FieldRow kNormalised[] = {
    {"//", "/"},
    {"///", "/"},
    {"/a//b", "/a/b"},
    {"/a///b////c", "/a/b/c"},
    {"//a.example/b", "/a.example/b"},
    {"/a//", "/a/"},
    {"/.", "/"},
    {"/./", "/"},
    {"/a/.", "/a/"},
    {"/a/./b", "/a/b"},
    {"/a/././b", "/a/b"},
    {"/a/..", "/"},
    {"/a/../", "/"},
    {"/a/../b", "/b"},
    {"/a/b/../../c", "/c"},
    {"/a/b/%2e%2e/c", "/a/c"},
    {"/a/%2E/b", "/a/b"},
    {"/a//../b", "/b"},
    {"/a/.%2e/b?c/../d", "/b?c/../d"},
    {"/%7euser", "/~user"},
    {"/%41%5a%61", "/AZa"},
    {"/%2d%2e%5f%7e%30", "/-._~0"},
    {"/a%2fb", "/a%2Fb"},
    {"/%c3%a9", "/%C3%A9"},
    {"/%5c", "/%5C"},
    {"/%0d%0aX:y", "/%0D%0AX:y"},
    {"/%2e%2e%2fa", "/..%2Fa"},
    {"/%2e%2e%5ca", "/..%5Ca"},
    {"/a/%2e%2e;/b", "/a/..;/b"},
    {"/x/../a?%2e%2E", "/a?%2e%2E"},
};

// These pass as they are.
constexpr std::string_view kIntactTargets[] = {
    "/",
    "/a",
    "/a/",
    "/a/b/c",
    "/?",
    "/a?",
    "/a??b",
    "/a/?b=c&d=e&&f",
    "/a?b//c/../d/./e",
    "/a?%zz%00%",
    "/a?http://b/c?d",
    "/...",
    "/..a",
    "/a..",
    "/.a",
    "/a.",
    "/a/.../b",
    "/a%20b",
    "/a%3Fb%23c",
    "/a%25",
    "/a%2541",  // decoded once, or not at all
    "/a%252e%252e/b",
    "/a;b=c;d/e,f",
    "/!$&'()*+,;=:@-._~",
    "/a:b@c",
    "/[x]|{y}^`\"<>\\",  // RFC 3986 would have them escaped; clients do not
    "/a?[x]|{y}^`\"<>\\",
    "/*",
    "/a*b",
    "/ADMIN/x",  // paths have case, and /admin/* is another one
    "/adminx",
    "/admin%2Fx",
    "/x/admin/y",
    "/x?/../admin",
};

// Every spelling of what a route forbids.
constexpr std::string_view kForbidden[] = {
    "/admin",
    "/admin/",
    "/admin/x",
    "/admin?x",
    "/admin?/../x",
    "//admin",
    "///admin//x",
    "/./admin/x",
    "/.//admin",
    "/x/../admin",
    "/x/y/../../admin/z",
    "/x//../admin",
    "/%61dmin/x",
    "/adm%69n",
    "/%61%64%6d%69%6e/",
    "/%2e/admin",
    "/x/%2e%2e/admin/y",
    "/x/.%2E/admin",
    "/admin/.",
    "/admin/x/..",
    "/admin/../admin",
    "/admin/%2e%2e/%61dmin",
    "http://b/admin",
    "http://b//admin/x",
    "http://b/x/../admin?y",
};

constexpr std::string_view kNo =
    "HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain; charset=utf-8\r\nDate: {date}\r\n"
    "Content-Length: 2\r\n\r\nno";

}  // namespace

TEST_CASE("strict requests: a path that climbs out, or cannot be decoded, is refused",
          "[wire][strict]") {
  RequestTable table;
  table.refused(kRefused, kGetFrame);
  CHECK(table.finish() >= 24);
}

TEST_CASE("strict requests: a path reaches the backend in the one spelling that was matched",
          "[wire][strict]") {
  RequestTable table;
  table.fields(kNormalised, kGetFrame, kGetFrame);
  for (const std::string_view target : kIntactTargets) {
    const FieldRow row{target, target};
    table.fields({&row, 1}, kGetFrame, kGetFrame);
  }
  CHECK(table.finish() >= 64);
}

TEST_CASE("strict requests: no spelling of a path walks around the route that forbids it",
          "[wire][strict]") {
  RequestTable table;
  for (const std::string_view target : kForbidden) {
    const std::string sent = std::string(kGetFrame.before).append(target).append(kGetFrame.after);
    table.passed({sent, "", kNo});
  }
  CHECK(table.finish() >= 25);
}
