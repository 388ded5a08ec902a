// SPDX-License-Identifier: MIT
// Forwarding over real sockets: the real binary between a raw client and a scripted backend.
#include <catch2/catch.hpp>

#include <algorithm>
#include <string>

#include "tests/support/http_reader.h"
#include "tests/support/scripted_backend.h"
#include "tests/support/sluice_process.h"
#include "tests/wire/configs.h"

using namespace std::string_literals;
using sluice::support::BackendConnection;
using sluice::support::RawClient;
using sluice::support::read_response;
using sluice::support::Request;
using sluice::support::Response;
using sluice::support::ResponseTo;
using sluice::support::ScriptedBackend;
using sluice::support::SluiceProcess;
using sluice::wire::forwarding_to;

namespace {

// Reads one head, sends these bytes, and closes.
ScriptedBackend::Script raw_answer(std::string bytes) {
  return [bytes](BackendConnection& connection) {
    if (connection.recv_request()) connection.send(bytes);
  };
}

Response get_path(RawClient& client, std::string_view path = "/") {
  client.send("GET "s + std::string(path) + " HTTP/1.1\r\nHost: a.example\r\n\r\n");
  return read_response(client);
}

}  // namespace

TEST_CASE("forward: a request and its response pass, both connections stay", "[wire][forward]") {
  ScriptedBackend backend(ScriptedBackend::answer(200, "hello\n", {{"X-From", "backend"}}));
  SluiceProcess sluice(forwarding_to(backend));
  RawClient client = sluice.connect();
  for (int i = 0; i < 3; ++i) {
    Response response = get_path(client, "/path?q=1");
    CHECK(response.status == 200);
    CHECK(response.body == "hello\n");
    CHECK(response.field("X-From") == "backend");
    CHECK(response.has("Date"));
    CHECK_FALSE(response.has("Connection"));
  }
  CHECK(backend.connections() == 1);
  CHECK(backend.requests().back().target == "/path?q=1");
  CHECK(backend.failures().empty());
}

TEST_CASE("forward: the backend hears of the client, and of no hop-by-hop field",
          "[wire][forward]") {
  ScriptedBackend backend(ScriptedBackend::answer(200, "ok"));
  SluiceProcess sluice(forwarding_to(backend));
  RawClient client = sluice.connect();
  client.send(
      "GET / HTTP/1.1\r\nHost: a.example:8080\r\nConnection: keep-alive, X-Mine\r\nX-Mine: 1\r\n"
      "Keep-Alive: timeout=5\r\nTE: trailers\r\nProxy-Connection: keep-alive\r\n"
      "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil.example\r\n"
      "Forwarded: for=6.6.6.6\r\nX-Request-Id: mine\r\nX_Under_Score: 1\r\n\r\n");
  REQUIRE(read_response(client).status == 200);
  Request request = backend.requests().at(0);
  CHECK(request.field("Host") == "a.example:8080");
  CHECK(request.field("X-Forwarded-For") == "127.0.0.1");
  CHECK(request.field("X-Forwarded-Proto") == "http");
  CHECK(request.field("X-Forwarded-Host") == "a.example:8080");
  CHECK(request.field("Via") == "1.1 sluice");
  CHECK(request.field("X-Request-Id").size() == 32);
  for (const char* gone : {"Connection", "X-Mine", "Keep-Alive", "TE", "Proxy-Connection",
                           "Forwarded", "X_Under_Score"}) {
    INFO(gone);
    CHECK_FALSE(request.has(gone));
  }
}

TEST_CASE("forward: a trusted proxy's words are kept and added to", "[wire][forward]") {
  ScriptedBackend backend(ScriptedBackend::answer(200, "ok"));
  SluiceProcess sluice(forwarding_to(backend, R"("trusted_proxies": ["127.0.0.0/8"])"));
  RawClient client = sluice.connect();
  client.send(
      "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\n"
      "X-Request-Id: from-the-edge\r\n\r\n");
  REQUIRE(read_response(client).status == 200);
  Request request = backend.requests().at(0);
  CHECK(request.field("X-Forwarded-For") == "203.0.113.7, 127.0.0.1");
  CHECK(request.field("X-Forwarded-Proto") == "https");
  CHECK(request.field("X-Request-Id") == "from-the-edge");
  sluice.wait_for_access_log("\"client\":\"203.0.113.7\"");
}

TEST_CASE("forward: of a trusted proxy's fields that tell of a client none contradicts the log",
          "[wire][forward]") {
  struct Row {
    std::string client_header;
    std::string client;
    std::string addresses;  // X-Forwarded-For, as the backend gets it
    std::string forwarded;
  };
  const std::vector<Row> rows = {
      {"X-Forwarded-For", "203.0.113.7", "203.0.113.7, 127.0.0.1", ""},
      {"Forwarded", "203.0.113.8", "203.0.113.8, 127.0.0.1",
       "for=203.0.113.8;host=\"b, for=6.6.6.6\", for=127.0.0.1;proto=http"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.client_header);
    ScriptedBackend backend(ScriptedBackend::answer(200, "ok"));
    SluiceProcess sluice(forwarding_to(
        backend,
        R"("trusted_proxies": ["127.0.0.1"], "client_header": ")" + row.client_header + '"'));
    RawClient client = sluice.connect();
    client.send(
        "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.7\r\nX-Real-IP: 6.6.6.6\r\n"
        "Forwarded: for=203.0.113.8;host=\"b, for=6.6.6.6\"\r\n\r\n");
    REQUIRE(read_response(client).status == 200);
    const Request request = backend.requests().at(0);
    CHECK(request.field("X-Forwarded-For") == row.addresses);
    CHECK(request.field("X-Real-IP") == row.client);
    CHECK(request.field("Forwarded") == row.forwarded);
    sluice.wait_for_access_log("\"client\":\"" + row.client + "\"");
  }
}

TEST_CASE("forward: pipelined requests are answered in order", "[wire][forward]") {
  ScriptedBackend backend([](BackendConnection& connection) {
    while (auto request = connection.recv_request()) connection.respond(200, request->target);
  });
  SluiceProcess sluice(forwarding_to(backend));
  RawClient client = sluice.connect();
  std::string batch;
  for (int i = 0; i < 50; ++i) {
    batch += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n";
  }
  client.send(batch);
  for (int i = 0; i < 50; ++i) CHECK(read_response(client).body == "/" + std::to_string(i));
}

TEST_CASE("forward: request bodies pass in both framings", "[wire][forward]") {
  ScriptedBackend backend([](BackendConnection& connection) {
    while (auto request = connection.recv_request()) {
      connection.respond(200, request->body, {{"X-Chunked", request->chunked ? "yes" : "no"}});
    }
  });
  SluiceProcess sluice(forwarding_to(backend));
  RawClient client = sluice.connect();
  const std::string big(300'000, 'x');
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n" + big);
  Response response = read_response(client);
  CHECK(response.body == big);
  CHECK(response.field("X-Chunked") == "no");

  client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  client.send("5\r\nhello\r\n");
  client.send("7;ext=1\r\n, world\r\n0\r\n\r\n");
  response = read_response(client);
  CHECK(response.body == "hello, world");
  CHECK(response.field("X-Chunked") == "yes");

  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
  CHECK(read_response(client).body.empty());
  CHECK(backend.failures().empty());
}

TEST_CASE("forward: response bodies pass in every framing", "[wire][forward]") {
  SECTION("chunked, with trailers") {
    ScriptedBackend backend(
        raw_answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
                   "5\r\nhello\r\n6\r\n world\r\n0\r\nX-Sum: 11\r\n\r\n"));
    SluiceProcess sluice(forwarding_to(backend));
    RawClient client = sluice.connect();
    Response response = get_path(client);
    CHECK(response.chunked);
    CHECK(response.body == "hello world");
    CHECK(response.trailers == sluice::support::Fields{{"X-Sum", "11"}});
    CHECK(get_path(client).status == 200);
  }
  SECTION("until close, which becomes chunked") {
    ScriptedBackend backend(raw_answer("HTTP/1.0 200 OK\r\n\r\nto the end"));
    SluiceProcess sluice(forwarding_to(backend));
    RawClient client = sluice.connect();
    Response response = get_path(client);
    CHECK(response.chunked);
    CHECK(response.body == "to the end");
    CHECK(get_path(client).status == 200);
  }
  SECTION("no body: HEAD, 204 and 304") {
    ScriptedBackend backend([](BackendConnection& connection) {
      while (auto request = connection.recv_request()) {
        if (request->method == "HEAD") {
          connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n");
        } else if (request->target == "/204") {
          connection.send("HTTP/1.1 204 No Content\r\n\r\n");
        } else {
          connection.send("HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n");
        }
      }
    });
    SluiceProcess sluice(forwarding_to(backend));
    RawClient client = sluice.connect();
    client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    Response head = read_response(client, ResponseTo::Head);
    CHECK(head.field("Content-Length") == "1234");
    CHECK(get_path(client, "/204").status == 204);
    CHECK(get_path(client, "/304").field("ETag") == "\"x\"");
    CHECK(backend.connections() == 1);
  }
}

TEST_CASE("forward: an HTTP/1.0 client gets what it can read", "[wire][forward]") {
  ScriptedBackend backend(
      raw_answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"));
  SluiceProcess sluice(forwarding_to(backend));
  SECTION("a body of unknown length ends with the connection") {
    RawClient client = sluice.connect();
    client.send("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n");
    Response response = read_response(client);
    CHECK(response.until_close);
    CHECK(response.body == "abc");
    CHECK(response.field("Connection") == "close");
  }
  SECTION("without Host, the backend gets its own address for it") {
    RawClient client = sluice.connect();
    client.send("GET / HTTP/1.0\r\n\r\n");
    CHECK(read_response(client).body == "abc");
    CHECK(backend.requests().at(0).field("Host") == backend.address());
  }
  SECTION("but that which the route sets") {
    std::string config = forwarding_to(backend);
    config.insert(config.rfind("\"forward\""),
                  R"("headers": {"request": {"set": {"Host": "own.example"}}}, )");
    SluiceProcess own(config);
    RawClient client = own.connect();
    client.send("GET / HTTP/1.0\r\n\r\n");
    CHECK(read_response(client).body == "abc");
    CHECK(backend.requests().at(0).field("Host") == "own.example");
  }
}

TEST_CASE("forward: 100 Continue is given when the body is wanted", "[wire][forward]") {
  ScriptedBackend backend([](BackendConnection& connection) {
    while (auto request = connection.recv_request()) {
      connection.respond(200, request->body,
                         {{"X-Expect", request->has("Expect") ? "passed" : "gone"}});
    }
  });
  SluiceProcess sluice(forwarding_to(backend));
  RawClient client = sluice.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  CHECK(read_response(client).status == 100);
  client.send("body");
  Response response = read_response(client);
  CHECK(response.status == 200);
  CHECK(response.body == "body");
  CHECK(response.field("X-Expect") == "gone");
}

TEST_CASE("forward: early hints pass, 100 and an unasked 101 do not", "[wire][forward]") {
  SECTION("103 before the answer") {
    ScriptedBackend backend(
        raw_answer("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
                   "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
    SluiceProcess sluice(forwarding_to(backend));
    RawClient client = sluice.connect();
    Response hints = get_path(client);
    CHECK(hints.status == 103);
    CHECK(hints.field("Link") == "</a>");
    CHECK(read_response(client).body == "ok");
  }
  SECTION("without what the route takes away, which the trailers do not bring either") {
    ScriptedBackend backend(
        raw_answer("HTTP/1.1 103 Early Hints\r\nX-Own: 1\r\nLink: </a>\r\n\r\n"
                   "HTTP/1.1 200 OK\r\nX-Own: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
                   "2\r\nok\r\n0\r\nX-Own: 3\r\nX-Sum: 4\r\n\r\n"));
    std::string config = forwarding_to(backend);
    config.insert(config.rfind("\"forward\""),
                  R"("headers": {"response": {"remove": ["X-Own"]}}, )");
    SluiceProcess sluice(config);
    RawClient client = sluice.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\n\r\n");
    const std::string all = client.recv_until("X-Sum: 4\r\n\r\n");
    CHECK(all.find("Link: </a>") != std::string::npos);
    CHECK(all.find("X-Own") == std::string::npos);
  }
  SECTION("101 that nobody asked for") {
    ScriptedBackend backend(
        raw_answer("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n"
                   "Upgrade: websocket\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"));
    SluiceProcess sluice(forwarding_to(backend));
    RawClient client = sluice.connect();
    CHECK(get_path(client).status == 502);
    sluice.wait_for_access_log("\"end\":\"unasked_upgrade\"");
  }
}

// They are of what it says, and not of ours.
TEST_CASE("forward: what the route does to fields it does to a backend's 416", "[wire][forward]") {
  ScriptedBackend backend(
      raw_answer("HTTP/1.1 416 No\r\nETag: \"a\"\r\nContent-Length: 0\r\n\r\n"));
  std::string config = forwarding_to(backend);
  config.insert(config.rfind("\"forward\""), R"("headers": {"response": {"remove": ["ETag"]}}, )");
  SluiceProcess sluice(config);
  RawClient client = sluice.connect();
  CHECK_FALSE(get_path(client).has("ETag"));
}

// RFC 9110 6.6.1.
TEST_CASE("forward: a response has one Date, though the route removes or sets it",
          "[wire][forward][regression]") {
  const std::string edits = GENERATE(R"("remove": ["Date"])", R"("set": {"Date": "x"})");
  ScriptedBackend backend(ScriptedBackend::answer(200, "ok"));
  std::string config = forwarding_to(backend);
  config.insert(config.rfind("\"forward\""), R"("headers": {"response": {)" + edits + "}}, ");
  SluiceProcess sluice(config);
  RawClient client = sluice.connect();
  CHECK(get_path(client).values("Date").size() == 1);
}

TEST_CASE("forward: absolute-form targets go to the host they name", "[wire][forward]") {
  ScriptedBackend backend(ScriptedBackend::answer(200, "ok"));
  SluiceProcess sluice(forwarding_to(backend));
  RawClient client = sluice.connect();
  client.send("GET http://real.example/x?y HTTP/1.1\r\nHost: other.example\r\n\r\n");
  REQUIRE(read_response(client).status == 200);
  CHECK(backend.requests().at(0).field("Host") == "real.example");
  CHECK(backend.requests().at(0).target == "/x?y");
}

TEST_CASE("forward: an early answer ends the upload", "[wire][forward]") {
  ScriptedBackend backend([](BackendConnection& connection) {
    if (!connection.recv_head()) return;
    connection.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 4\r\n\r\nbig\n");
    connection.recv_to_close();
  });
  SluiceProcess sluice(forwarding_to(backend));
  RawClient client = sluice.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n" +
              std::string(70'000, 's'));
  Response response = read_response(client);
  CHECK(response.status == 413);
  CHECK(response.body == "big\n");
  client.try_send(std::string(1'000'000, 'x'));
  client.recv_to_close();
}

TEST_CASE("forward: a malformed or cut response is a 502 or a visible cut, never a whole one",
          "[wire][forward]") {
  SECTION("garbage") {
    ScriptedBackend backend(raw_answer("hello\r\n\r\n"));
    SluiceProcess sluice(forwarding_to(backend));
    RawClient client = sluice.connect();
    Response response = get_path(client);
    CHECK(response.status == 502);
    CHECK(response.field("Proxy-Status") == "sluice; error=http_protocol_error");
    CHECK(get_path(client).status == 502);  // a lone backend is never put aside
  }
  SECTION("closed before the head") {
    ScriptedBackend backend(raw_answer(""));
    SluiceProcess sluice(forwarding_to(backend));
    RawClient client = sluice.connect();
    CHECK(get_path(client).status == 502);
    sluice.wait_for_access_log("\"end\":\"backend_closed_early\"");
  }
  SECTION("closed within a Content-Length body") {
    ScriptedBackend backend(raw_answer("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"));
    SluiceProcess sluice(forwarding_to(backend));
    RawClient client = sluice.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    std::string all = client.recv_to_close();
    CHECK(all.size() < all.find("\r\n\r\n") + 4 + 10);
    sluice.wait_for_access_log("\"end\":\"backend_truncated\"");
  }
  SECTION("closed within a chunked body") {
    ScriptedBackend backend(
        raw_answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"));
    SluiceProcess sluice(forwarding_to(backend));
    RawClient client = sluice.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(client.recv_to_close().find("0\r\n\r\n") == std::string::npos);
  }
}

TEST_CASE("forward: bytes behind a response poison its connection", "[wire][forward]") {
  ScriptedBackend backend([](BackendConnection& connection) {
    if (!connection.recv_request()) return;
    connection.send(
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n"
        "\r\nevil");
    connection.recv_to_close();
  });
  SluiceProcess sluice(forwarding_to(backend));
  RawClient client = sluice.connect();
  CHECK(get_path(client).body == "ok");
  CHECK(get_path(client).body == "ok");
  CHECK(backend.connections() == 2);
}

TEST_CASE("forward: a client that vanishes cancels the backend's request", "[wire][forward]") {
  ScriptedBackend backend([](BackendConnection& connection) {
    if (connection.recv_request()) connection.expect_close();
  });
  SluiceProcess sluice(forwarding_to(backend));
  RawClient client = sluice.connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  backend.wait_for_requests(1);
  client.close();
  backend.wait_for_idle();
  CHECK(backend.failures().empty());
  sluice.wait_for_access_log("\"end\":\"client_aborted\"");
}
