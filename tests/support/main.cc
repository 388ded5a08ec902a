// SPDX-License-Identifier: MIT
// The test program: Catch2 in child processes, watched by this one.
//
// Each of SLUICE_TEST_JOBS children (default: as many as there are processors) runs its part of the
// tests, which wait for something most of the time. What a child prints is shown once all are done.
//
// The last line printed is "N passed, N failed" (", N skipped" where there are some), and the exit
// code is 0 only when at least one test case ran and none failed. The parent prints it after the
// children are gone, so neither a crash, an exit() inside a test nor a sanitizer's report at the
// end can pass for success or come after that line. A test case that makes no progress for
// SLUICE_TEST_TIMEOUT seconds (default 120, 0 for never) is aborted and counts as failed.
//
// Each test case is tagged with its folder below tests/ ([unit], [exchange], [wire]), and one
// without a single assertion fails. For a debugger, SLUICE_TEST_FORK=0 runs all in one process.
#define CATCH_CONFIG_RUNNER
#include <sys/mman.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/skip.h"
#include "tests/support/test_children.h"

namespace {

using sluice::support::Part;
using sluice::support::Progress;
using sluice::support::TestChild;

constexpr int kJobsMax = 64;

// Catch2 constructs the listener itself, which leaves a global as the only way to it.
Progress* progress = nullptr;

class ProgressListener : public Catch::TestEventListenerBase {
 public:
  using TestEventListenerBase::TestEventListenerBase;

  void testRunStarting(const Catch::TestRunInfo&) override { progress->started = true; }

  void testCaseStarting(const Catch::TestCaseInfo& info) override {
    skipped_ = false;
    std::snprintf(progress->name, sizeof progress->name, "%s", info.name.c_str());
    progress->in_case = true;
  }

  bool assertionEnded(const Catch::AssertionStats& stats) override {
    if (stats.assertionResult.getTestMacroName() == "SUCCEED") {
      const std::string message = stats.assertionResult.getMessage();
      skipped_ = skipped_ || message.starts_with(sluice::support::kSkipMark);
    }
    return true;
  }

  void testCaseEnded(const Catch::TestCaseStats& stats) override {
    const bool failed = stats.totals.testCases.failed > 0 || stats.totals.assertions.failed > 0;
    ++(failed ? progress->failed : skipped_ ? progress->skipped : progress->passed);
    progress->in_case = false;
  }

  void testRunEnded(const Catch::TestRunStats&) override { progress->finished = true; }

 private:
  bool skipped_ = false;
};

void tag_with_folders(Catch::Session& session) {
  for (const Catch::TestCase& test : Catch::getAllTestCasesSorted(session.config())) {
    std::string_view file = test.lineInfo.file;
    const std::size_t start = file.rfind("tests/");
    if (start == std::string_view::npos) continue;
    file.remove_prefix(start + std::strlen("tests/"));
    const std::size_t end = file.find('/');
    if (end == std::string_view::npos) continue;
    std::vector<std::string> tags = test.tags;
    tags.emplace_back(file.substr(0, end));
    // As Catch2 does for its own --filenames-as-tags.
    setTags(const_cast<Catch::TestCase&>(test), std::move(tags));
  }
}

bool only_lists(const Catch::ConfigData& config) {
  return config.listTests || config.listTags || config.listReporters || config.listTestNamesOnly ||
         config.showHelp || config.libIdentify;
}

std::vector<Catch::TestCase*> tests_asked_for(const Catch::Config& config) {
  std::vector<Catch::TestCase*> asked_for;
  for (const Catch::TestCase& test : Catch::getAllTestCasesSorted(config)) {
    const bool wanted =
        config.hasTestFilters() ? matchTest(test, config.testSpec(), config) : !test.isHidden();
    if (wanted) asked_for.push_back(const_cast<Catch::TestCase*>(&test));
  }
  return asked_for;
}

// Tags this part of the tests, and asks for what is tagged. By their names, so that all children
// agree whatever the order in which they run; neighbours, which take about as long, go to different
// parts. False where there are fewer tests than parts, and this one has none.
bool choose_part(Catch::Session& session, Part part) {
  std::vector<Catch::TestCase*> tests = tests_asked_for(session.config());
  if (part.index >= tests.size()) return part.index == 0;
  std::ranges::sort(tests, {}, [](const Catch::TestCase* test) { return test->name; });
  for (std::size_t i = part.index; i < tests.size(); i += part.count) {
    std::vector<std::string> tags = tests[i]->tags;
    tags.emplace_back("part");
    setTags(*tests[i], std::move(tags));
  }
  Catch::ConfigData config = session.configData();
  config.testsOrTags = {"[part]"};
  session.useConfigData(config);
  return true;
}

int run_tests(int argc, char** argv, Part part) {
  try {
    Catch::Session session;
    if (const int wrong = session.applyCommandLine(argc, argv); wrong != 0) return wrong;
    Catch::ConfigData& config = session.configData();
    config.warnings =
        static_cast<Catch::WarnAbout::What>(config.warnings | Catch::WarnAbout::NoAssertions);
    tag_with_folders(session);
    const bool divided = part.count > 1 && !only_lists(config);
    const bool has_some = divided ? choose_part(session, part) : part.index == 0;
    if (has_some) return session.run();
    progress->finished = true;
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}

int number_from(const char* variable, int otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : static_cast<int>(std::strtol(text, nullptr, 10));
}

}  // namespace

CATCH_REGISTER_LISTENER(ProgressListener)

int main(int argc, char** argv) {
  const bool in_children = number_from("SLUICE_TEST_FORK", 1) != 0;
  const int processors = static_cast<int>(std::thread::hardware_concurrency());
  const int jobs = in_children ? number_from("SLUICE_TEST_JOBS", processors) : 1;
  const auto count = static_cast<std::size_t>(std::clamp(jobs, 1, kJobsMax));
  void* shared = mmap(nullptr, count * sizeof(Progress), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) {
    std::perror("mmap");
    return 1;
  }
  auto* notes = static_cast<Progress*>(shared);
  std::vector<TestChild> children;
  for (std::size_t i = 0; i < count; ++i) {
    children.emplace_back(Part{i, count}, *std::construct_at(notes + i));
  }
  const auto run = [&](Part part, Progress& of_part) {
    progress = &of_part;
    return run_tests(argc, argv, part);
  };
  if (!in_children) {
    children.front().run_here(run);
  } else if (!run_watched(children, run, number_from("SLUICE_TEST_TIMEOUT", 120))) {
    return 1;
  }
  return summarise(children);
}
