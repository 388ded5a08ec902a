// SPDX-License-Identifier: MIT
// Real peers: files of SLUICE_BIG_MIB mebibytes (default 64; `make test-long` takes 1024) up and
// down between curl and nginx, in both framings, plain and over TLS.
#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/wire/forward/peers.h"

using sluice::support::run_program;
using sluice::support::SluiceProcess;
using sluice::wire::Farm;
using sluice::wire::Nginx;

namespace {

std::uintmax_t big_bytes() {
  const char* mebibytes = std::getenv("SLUICE_BIG_MIB");
  return (mebibytes == nullptr ? 64 : std::strtoull(mebibytes, nullptr, 10)) << 20;
}

// Mostly holes, with a mark every few mebibytes, none of which is like another.
void make_big(const std::string& path) {
  constexpr std::uintmax_t kEvery = 3'000'001;
  std::ofstream file(path, std::ios::binary);
  for (std::uintmax_t at = 0; at < big_bytes(); at += kEvery) {
    file.seekp(static_cast<std::streamoff>(at));
    file << "mark " << at;
  }
  file.close();
  std::filesystem::resize_file(path, big_bytes());
}

struct BigFarm : Farm {
  BigFarm() {
    make_big(directory.file("www/big"));
    std::filesystem::create_directory(directory.path() / "www" / "put");
  }
};

struct Way {
  const char* path;
  std::size_t listener;
};

}  // namespace

TEST_CASE("peers: a big file comes down whole, in both framings", "[wire][peers][long]") {
  BigFarm farm;
  Nginx nginx(farm.directory);
  SluiceProcess sluice(farm.config(nginx.address()));
  for (const Way way : {Way{"/big", 0}, Way{"/chunked/big", 0}, Way{"/big", 1}}) {
    INFO(way.path << ", listener " << way.listener);
    const auto head = farm.curl(sluice, {"-I"}, way.path, way.listener).out;
    const bool has_length = head.find("Content-Length") != std::string::npos;
    CHECK(has_length == (std::string(way.path) == "/big"));
    const auto compared =
        run_program({"sh", "-c", "curl -sSk --max-time 110 \"$0\" | cmp - \"$1\" && echo same",
                     farm.url(sluice, way.path, way.listener), farm.directory.file("www/big")},
                    {}, std::chrono::milliseconds(115'000));
    CHECK(compared.err.empty());
    CHECK(compared.out == "same\n");
  }
}

TEST_CASE("peers: a big file goes up whole, in both framings", "[wire][peers][long]") {
  BigFarm farm;
  Nginx nginx(farm.directory);
  SluiceProcess sluice(farm.config(nginx.address()));
  const std::string big = farm.directory.file("www/big");
  const std::string copy = farm.directory.file("www/put/copy");
  for (const Way way : {Way{"Expect: 100-continue", 0}, Way{"Transfer-Encoding: chunked", 0},
                        Way{"Transfer-Encoding: chunked", 1}}) {
    INFO(way.path << ", listener " << way.listener);
    const auto put = farm.curl(sluice, {"-T", big, "-H", way.path, "-w", "%{http_code}"},
                               "/put/copy", way.listener);
    CHECK(put.out + put.err == "201");
    CHECK(run_program({"cmp", copy, big}).status.code == 0);
    std::filesystem::remove(copy);
  }
}
