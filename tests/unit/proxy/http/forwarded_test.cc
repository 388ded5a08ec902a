// SPDX-License-Identifier: MIT
#include "proxy/http/forwarded.h"

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/proxy/http/pairs.h"

namespace sluice::http {
namespace {

IpAddress ip(std::string_view text) {
  return IpAddress::parse(text).value_or(IpAddress());
}

CidrSet trusted() {
  const std::vector<std::string> blocks = {"10.0.0.0/8", "2001:db8:1::/48"};
  return CidrSet::parse(blocks).value();
}

// The X-Forwarded-* fields and Forwarded after apply_forwarded(), as "Name=value ...".
std::string applied(const Pairs& sent, const ForwardedHop& hop) {
  Fields fields = fields_of(sent);
  const std::unique_ptr<char[]> space(new char[forwarded_bound(fields, hop)]);
  apply_forwarded(fields, hop, space.get());
  std::string out;
  for (const Field& field : fields) {
    out += std::string(field.name) + '=' + std::string(field.value) + ' ';
  }
  return out;
}

// A hop whose peer is its client.
ForwardedHop hop_of(const IpAddress& peer, bool trusted, std::string_view scheme,
                    std::string_view host) {
  return {peer, peer, trusted, ClientField::XForwardedFor, scheme, host};
}

// A trusted peer, and the client that it tells of.
ForwardedHop trusted_hop(std::string_view client, ClientField from) {
  return {ip("10.0.0.1"), ip(client), true, from, "http", "a.example"};
}

}  // namespace

TEST_CASE("forwarded: the client is the last address that nobody trusted stands behind",
          "[http][forwarded]") {
  const struct {
    std::string_view peer;
    std::vector<std::string_view> lists;  // one X-Forwarded-For field each
    std::string_view client;
  } rows[] = {
      // the peer is the client
      {"192.0.2.1", {}, "192.0.2.1"},
      {"192.0.2.1", {"198.51.100.1"}, "192.0.2.1"},
      {"192.0.2.1", {"10.0.0.1"}, "192.0.2.1"},
      {"10.0.0.1", {}, "10.0.0.1"},
      // one step
      {"10.0.0.1", {"198.51.100.1"}, "198.51.100.1"},
      {"10.0.0.1", {" 198.51.100.1\t"}, "198.51.100.1"},
      {"10.0.0.1", {"2001:db8::1"}, "2001:db8::1"},
      {"2001:db8:1::9", {"198.51.100.1"}, "198.51.100.1"},
      // from the right, over trusted ones
      {"10.0.0.1", {"203.0.113.9, 198.51.100.1"}, "198.51.100.1"},
      {"10.0.0.1", {"203.0.113.9, 198.51.100.1, 10.1.1.1"}, "198.51.100.1"},
      {"10.0.0.1", {"198.51.100.1,10.1.1.1,2001:db8:1::1,10.2.2.2"}, "198.51.100.1"},
      {"10.0.0.1", {"10.1.1.1, 10.2.2.2"}, "10.1.1.1"},
      {"10.0.0.1", {"10.1.1.1"}, "10.1.1.1"},
      {"10.0.0.1", {"::ffff:198.51.100.1"}, "198.51.100.1"},
      {"10.0.0.1", {"198.51.100.1, ::ffff:10.1.1.1"}, "198.51.100.1"},
      // several fields are one list
      {"10.0.0.1", {"203.0.113.9", "198.51.100.1"}, "198.51.100.1"},
      {"10.0.0.1", {"198.51.100.1", "10.1.1.1"}, "198.51.100.1"},
      {"10.0.0.1", {"203.0.113.9, 198.51.100.1", "10.1.1.1, 10.2.2.2"}, "198.51.100.1"},
      // ports
      {"10.0.0.1", {"198.51.100.1:4711"}, "198.51.100.1"},
      {"10.0.0.1", {"[2001:db8::1]"}, "2001:db8::1"},
      {"10.0.0.1", {"[2001:db8::1]:4711"}, "2001:db8::1"},
      {"10.0.0.1", {"198.51.100.1, 10.1.1.1:80"}, "198.51.100.1"},
      // what is no address ends the walk
      {"10.0.0.1", {"unknown"}, "10.0.0.1"},
      {"10.0.0.1", {""}, "10.0.0.1"},
      {"10.0.0.1", {","}, "10.0.0.1"},
      {"10.0.0.1", {"198.51.100.1, unknown, 10.1.1.1"}, "10.1.1.1"},
      {"10.0.0.1", {"198.51.100.1 10.1.1.1"}, "10.0.0.1"},
      {"10.0.0.1", {"198.51.100.01"}, "10.0.0.1"},
      {"10.0.0.1", {"198.51.100"}, "10.0.0.1"},
      {"10.0.0.1", {"198.51.100.1:"}, "10.0.0.1"},
      {"10.0.0.1", {"198.51.100.1:99999"}, "10.0.0.1"},
      {"10.0.0.1", {"198.51.100.1:_x"}, "10.0.0.1"},
      {"10.0.0.1", {"\"198.51.100.1\""}, "10.0.0.1"},
      {"10.0.0.1", {"client.example"}, "10.0.0.1"},
      {"10.0.0.1", {"2001:db8::1%eth0"}, "10.0.0.1"},
      {"10.0.0.1", {"_hidden, 10.1.1.1"}, "10.1.1.1"},
  };
  for (const auto& row : rows) {
    Fields fields;
    fields.add("Host", "h");
    for (const std::string_view list : row.lists) fields.add("x-forwarded-for", list);
    INFO(std::string(row.peer) << " / " << (row.lists.empty() ? "" : std::string(row.lists[0])));
    CHECK(client_address(ip(row.peer), trusted(), fields).to_string() == row.client);
  }
}

// RFC 9110 5.6.1.2.
TEST_CASE("forwarded: empty elements of a list are ignored", "[http][forwarded]") {
  const std::vector<std::vector<std::string>> rows = {
      {"@198.51.100.1,"},          {"@198.51.100.1, , @10.1.1.1"},
      {",@198.51.100.1"},          {",, @198.51.100.1\t,\t,"},
      {"@198.51.100.1", ""},       {"@203.0.113.9, @198.51.100.1", "", "@10.1.1.1"},
      {"", "@198.51.100.1", ", "},
  };
  const auto client = [](std::vector<std::string> lists, std::string_view before,
                         ClientField from) {
    Fields fields;
    for (std::string& list : lists) {
      for (std::size_t at; (at = list.find('@')) != list.npos;) list.replace(at, 1, before);
      fields.add(from == ClientField::Forwarded ? "Forwarded" : "X-Forwarded-For", list);
    }
    return client_address(ip("10.0.0.1"), trusted(), fields, from).to_string();
  };
  for (const auto& lists : rows) {
    CAPTURE(lists);
    CHECK(client(lists, "", ClientField::XForwardedFor) == "198.51.100.1");
    CHECK(client(lists, "for=", ClientField::Forwarded) == "198.51.100.1");
  }
}

TEST_CASE("forwarded: the client of a Forwarded field, from the right", "[http][forwarded]") {
  struct Row {
    std::string_view value;
    std::string_view client;
  };
  const std::vector<Row> rows = {
      {"for=198.51.100.1", "198.51.100.1"},
      {"FOR=198.51.100.1;proto=http", "198.51.100.1"},
      {"proto=https; for=\"198.51.100.1:80\"", "198.51.100.1"},
      {"for=\"[2001:db8::1]:4711\"", "2001:db8::1"},
      {"for=203.0.113.9, for=198.51.100.1, for=10.1.1.1", "198.51.100.1"},
      // RFC 7239 6: obfuscated ports
      {"for=\"198.51.100.1:_x\"", "198.51.100.1"},
      {"for=\"[2001:db8::1]:_a.B-9_\"", "2001:db8::1"},
      {"for=\"[2001:db8:1111:2222:3333:4444:5555:6666]:_0123456789abcdef0123456789abcdef\"",
       "2001:db8:1111:2222:3333:4444:5555:6666"},
      {"for=198.51.100.1:_x", "198.51.100.1"},
      {"for=198.51.100.1, for=\"10.1.1.1:_x\"", "198.51.100.1"},
      {"for=\"198.51.100.1:_\"", "10.0.0.1"},
      {"for=\"198.51.100.1:x\"", "10.0.0.1"},
      {"for=\"198.51.100.1:_x y\"", "10.0.0.1"},
      {"for=\"198.51.100.1:_x:_y\"", "10.0.0.1"},
      {"for=\"198.51.100.1:80:_x\"", "10.0.0.1"},
      {"for=\"2001:db8::1:_x\"", "10.0.0.1"},
      {"for=\"_hidden:_x\"", "10.0.0.1"},
      {"for=\":_x\"", "10.0.0.1"},
      {"for=198.51.100.1;by=10.0.0.1,for=10.1.1.1;host=a", "198.51.100.1"},
      {"for=unknown", "10.0.0.1"},
      {"for=_hidden, for=10.1.1.1", "10.1.1.1"},
      {"proto=http", "10.0.0.1"},
      {"198.51.100.1", "10.0.0.1"},
      {"for =198.51.100.1", "10.0.0.1"},
      {"for", "10.0.0.1"},
      {"for=", "10.0.0.1"},
      {";for=198.51.100.1;", "198.51.100.1"},
      {";", "10.0.0.1"},
      {"", "10.0.0.1"},
      // RFC 7239 4: once
      {"for=7.7.7.7;for=198.51.100.1", "10.0.0.1"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.value);
    Fields fields;
    fields.add("Forwarded", row.value);
    fields.add("X-Forwarded-For", "192.0.2.66");
    CHECK(client_address(ip("10.0.0.1"), trusted(), fields, ClientField::Forwarded).to_string() ==
          row.client);
    CHECK(client_address(ip("198.51.100.9"), trusted(), fields, ClientField::Forwarded) ==
          ip("198.51.100.9"));
  }
}

// RFC 9110 5.6.4.
TEST_CASE("forwarded: what stands in quotes is no element and no parameter", "[http][forwarded]") {
  struct Row {
    std::string_view value;
    std::string_view client;
  };
  const std::vector<Row> rows = {
      {R"(for=198.51.100.1;host="evil, for=1.2.3.4;x=")", "198.51.100.1"},
      {R"(host="a;for=7.7.7.7;b";for=198.51.100.1)", "198.51.100.1"},
      {R"(for=198.51.100.1;host="evil, for=1.2.3.4;x=", for=10.1.1.1;host="a,b")", "198.51.100.1"},
      {R"(host="for=7.7.7.7" ; for="198.51.100.1" ;proto=http)", "198.51.100.1"},
      {R"(for=198.51.100.1;host="")", "198.51.100.1"},
      // quoted-pairs
      {R"(for="198.51.100.1\:80")", "198.51.100.1"},
      {R"(for="\[2001:db8::1\]:80")", "2001:db8::1"},
      {R"(for=198.51.100.1;host="a\", for=1.2.3.4;x=\"")", "198.51.100.1"},
      {R"(for=198.51.100.1;host="a\\")", "198.51.100.1"},
      {R"(for=198.51.100.1;host="\\\", for=1.2.3.4")", "198.51.100.1"},
      // what is wrong with them makes the element unreadable
      {R"(for="198.51.100.1)", "10.0.0.1"},
      {R"(for=198.51.100.1")", "10.0.0.1"},
      {R"(for="198.51.100.1"x)", "10.0.0.1"},
      {R"(for=x"198.51.100.1")", "10.0.0.1"},
      {R"(for=198.51.100.1;"host")", "10.0.0.1"},
      {R"(for=198.51.100.1;x="a"b";for=1.2.3.4)", "10.0.0.1"},
      {R"(for=198.51.100.1;host="evil\")", "10.0.0.1"},
      {R"(for=198.51.100.1;host="evil, for=1.2.3.4;x=\")", "10.0.0.1"},
      {R"(for=1.2.3.4, host=a"b, for=10.1.1.1)", "10.1.1.1"},
      {R"(for="                                                            198.51.100.1")",
       "10.0.0.1"},
      // but not what stands behind it: the proxy that wrote it can be read, and a client that sends
      // it an open quote shall not pass for the proxy
      {R"(for="1.2.3.4, for=198.51.100.1)", "198.51.100.1"},
      {R"(x=", for="[2001:db8::1]")", "2001:db8::1"},
      {R"(x="\, for=198.51.100.1;host="a")", "198.51.100.1"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.value);
    Fields fields;
    fields.add("Forwarded", row.value);
    CHECK(client_address(ip("10.0.0.1"), trusted(), fields, ClientField::Forwarded).to_string() ==
          row.client);
  }
}

TEST_CASE("forwarded: quotes do not reach from one field line into the next", "[http][forwarded]") {
  const auto client = [](const Pairs& sent) {
    return client_address(ip("10.0.0.1"), trusted(), fields_of(sent), ClientField::Forwarded)
        .to_string();
  };
  CHECK(client({{"Forwarded", "for=\"1.2.3.4"}, {"Forwarded", "for=198.51.100.1"}}) ==
        "198.51.100.1");
  CHECK(client({{"Forwarded", "for=\"1.2.3.4"}, {"Forwarded", "for=10.1.1.1"}}) == "10.1.1.1");
  CHECK(client({{"Forwarded", "for=1.2.3.4;x=\"a"}, {"Forwarded", "b\", for=10.1.1.1"}}) ==
        "10.1.1.1");
  CHECK(client({{"Forwarded", "for=198.51.100.1;x=\"a,b\""}, {"Forwarded", "for=10.1.1.1"}}) ==
        "198.51.100.1");
}

TEST_CASE("forwarded: without trusted proxies nobody is believed", "[http][forwarded]") {
  const Fields fields = fields_of({{"X-Forwarded-For", "198.51.100.1"}});
  CHECK(client_address(ip("10.0.0.1"), CidrSet(), fields) == ip("10.0.0.1"));
  CHECK(client_address(IpAddress(), trusted(), fields) == IpAddress());
}

TEST_CASE("forwarded: an untrusted peer's word is overwritten", "[http][forwarded]") {
  ForwardedHop hop = hop_of(ip("192.0.2.1"), false, "https", "a.example:8443");
  for (const ClientField from : {ClientField::XForwardedFor, ClientField::Forwarded}) {
    hop.client_field = from;
    CHECK(applied({}, hop) ==
          "X-Forwarded-For=192.0.2.1 X-Forwarded-Proto=https X-Forwarded-Host=a.example:8443 ");
    CHECK(applied({{"Host", "h"},
                   {"x-forwarded-for", "1.1.1.1"},
                   {"X-Forwarded-For", "2.2.2.2"},
                   {"X-Forwarded-Proto", "ftp"},
                   {"X-Forwarded-Host", "evil"},
                   {"X-Forwarded-Port", "1"},
                   {"X-Real-IP", "3.3.3.3"},
                   {"Forwarded", "for=1.1.1.1"}},
                  hop) ==
          "Host=h x-forwarded-for=192.0.2.1 X-Forwarded-Proto=https "
          "X-Forwarded-Host=a.example:8443 ");
  }
}

TEST_CASE("forwarded: a trusted peer is appended to", "[http][forwarded]") {
  CHECK(applied({}, hop_of(ip("10.0.0.1"), true, "http", "a.example")) ==
        "X-Forwarded-For=10.0.0.1 X-Forwarded-Proto=http X-Forwarded-Host=a.example ");
  CHECK(applied({{"X-Forwarded-For", "1.1.1.1"},
                 {"Via", "x"},
                 {"X-Forwarded-For", "2.2.2.2, 3.3.3.3"},
                 {"X-Forwarded-Proto", "https"},
                 {"X-Forwarded-Host", "b.example"},
                 {"X-Forwarded-Port", "443"}},
                trusted_hop("3.3.3.3", ClientField::XForwardedFor)) ==
        "X-Forwarded-For=1.1.1.1, 2.2.2.2, 3.3.3.3, 10.0.0.1 Via=x X-Forwarded-Proto=https "
        "X-Forwarded-Host=b.example X-Forwarded-Port=443 ");
  CHECK(applied({{"Forwarded", "for=1.1.1.1;host=\"a, b\""}, {"X-Forwarded-Proto", ""}},
                trusted_hop("1.1.1.1", ClientField::Forwarded)) ==
        "Forwarded=for=1.1.1.1;host=\"a, b\", for=10.0.0.1;proto=http X-Forwarded-Proto=http "
        "X-Forwarded-For=1.1.1.1, 10.0.0.1 X-Forwarded-Host=a.example ");
}

// What a proxy does not write itself, it passes on as some client has forged it.
TEST_CASE("forwarded: no field of a trusted peer contradicts the client", "[http][forwarded]") {
  const Pairs forged = {{"X-Forwarded-For", "6.6.6.6"},
                        {"Forwarded", "for=7.7.7.7"},
                        {"X-Real-IP", "8.8.8.8"},
                        {"X-Real-IP", "9.9.9.9"}};
  const std::string rest = "X-Forwarded-Proto=http X-Forwarded-Host=a.example ";
  CHECK(applied(forged, trusted_hop("6.6.6.6", ClientField::XForwardedFor)) ==
        "X-Forwarded-For=6.6.6.6, 10.0.0.1 X-Real-IP=6.6.6.6 " + rest);
  CHECK(applied(forged, trusted_hop("7.7.7.7", ClientField::Forwarded)) ==
        "X-Forwarded-For=7.7.7.7, 10.0.0.1 Forwarded=for=7.7.7.7, for=10.0.0.1;proto=http "
        "X-Real-IP=7.7.7.7 " +
            rest);
  // There was no Forwarded, or none to be read.
  CHECK(applied({{"X-Forwarded-For", "6.6.6.6"}, {"X-Real-IP", "8.8.8.8"}},
                trusted_hop("10.0.0.1", ClientField::Forwarded)) ==
        "X-Forwarded-For=10.0.0.1 X-Real-IP=10.0.0.1 " + rest);
}

TEST_CASE("forwarded: an open quote does not swallow what is appended", "[http][forwarded]") {
  const auto forwarded = [](const Pairs& sent, std::string_view client) {
    const std::string text = applied(sent, trusted_hop(client, ClientField::Forwarded));
    return text.substr(0, text.find(" X-"));
  };
  CHECK(forwarded({{"Forwarded", "for=\"1.2.3.4, for=192.0.2.1"}}, "192.0.2.1") ==
        "Forwarded=for=192.0.2.1, for=10.0.0.1;proto=http");
  CHECK(forwarded({{"Forwarded", "x=\"a\\\""}}, "2001:db8::1") ==
        "Forwarded=for=\"[2001:db8::1]\", for=10.0.0.1;proto=http");
  CHECK(forwarded({{"Forwarded", "for=\"1.2.3.4"}, {"Forwarded", "x=\""}}, "10.0.0.1") ==
        "Forwarded=for=10.0.0.1;proto=http");
}

TEST_CASE("forwarded: IPv6 peers are quoted in Forwarded, and fit", "[http][forwarded]") {
  const std::string longest = "2001:db8:1111:2222:3333:4444:5555:6666";
  const std::string other = "2001:db8:1111:2222:3333:4444:5555:7777";
  const ForwardedHop hop{ip(longest), ip(other), true, ClientField::Forwarded, "https", ""};
  const std::string rest =
      "X-Forwarded-For=" + other + ", " + longest + " X-Forwarded-Proto=https ";
  CHECK(applied({{"Forwarded", "for=1.1.1.1"}, {"Forwarded", "for=x"}}, hop) ==
        "Forwarded=for=1.1.1.1, for=x, for=\"[" + longest + "]\";proto=https " + rest);
  CHECK(applied({{"Forwarded", "\""}, {"X-Real-IP", "x"}}, hop) ==
        "Forwarded=for=\"[" + other + "]\", for=\"[" + longest +
            "]\";proto=https X-Real-IP=" + other + " " + rest);
}

TEST_CASE("forwarded: a unix socket has no address to tell", "[http][forwarded]") {
  CHECK(applied({{"X-Forwarded-For", "1.1.1.1"}}, hop_of(IpAddress(), false, "http", "a")) ==
        "X-Forwarded-Proto=http X-Forwarded-Host=a ");
}

}  // namespace sluice::http
