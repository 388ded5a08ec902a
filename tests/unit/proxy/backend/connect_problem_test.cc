// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include <cerrno>

#include "proxy/backend/stream.h"

using sluice::backend::connect_problem;
using sluice::backend::ProblemKind;

TEST_CASE("connect problem: what an errno means, which stays with it", "[backend][connect]") {
  struct Row {
    int error;
    ProblemKind kind;
  };
  const Row row = GENERATE(values<Row>({
      {ECONNREFUSED, ProblemKind::ConnectRefused},
      {ENOENT, ProblemKind::ConnectRefused},
      {EACCES, ProblemKind::ConnectRefused},  // a Unix socket's: no address was unroutable
      {ETIMEDOUT, ProblemKind::ConnectTimeout},
      {EMFILE, ProblemKind::Exhausted},
      {EADDRNOTAVAIL, ProblemKind::Exhausted},
      {ENETUNREACH, ProblemKind::ConnectFailed},
      {EHOSTUNREACH, ProblemKind::ConnectFailed},
  }));
  INFO(row.error);
  CHECK(connect_problem(row.error).kind == row.kind);
  CHECK(connect_problem(row.error).error == row.error);
}
