// SPDX-License-Identifier: MIT
#include "proxy/observe/log_writer.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <initializer_list>
#include <system_error>
#include <utility>

#include "proxy/base/start_thread.h"

namespace sluice::observe {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kBlockedWait{1000};
constexpr milliseconds kRefusedWait{250};
constexpr std::chrono::seconds kReportInterval{5};

std::uint64_t count_lines(const LogBytes& bytes) {
  return static_cast<std::uint64_t>(std::count(bytes.first.begin(), bytes.first.end(), '\n') +
                                    std::count(bytes.second.begin(), bytes.second.end(), '\n'));
}

// While it lives, threads begin with every signal blocked that is not about themselves: signals are
// for the thread that handles them, and a reader that went away is an errno, not a SIGPIPE.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t blocked;
    sigfillset(&blocked);
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS}) {
      sigdelset(&blocked, fault);
    }
    pthread_sigmask(SIG_SETMASK, &blocked, &before_);
  }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

}  // namespace

Result<std::unique_ptr<LogWriter>> LogWriter::start(LogOutput output, const Options& options,
                                                    const Log& log) {
  std::unique_ptr<LogWriter> writer(new LogWriter(std::move(output), options, log));
  if (!writer->wake_.valid()) {
    return Error{"access log", std::generic_category().message(EMFILE)};
  }
  if (auto error = writer->begin()) return *error;
  return writer;
}

LogWriter::LogWriter(LogOutput output, const Options& options, const Log& log)
    : log_(log),
      idle_rounds_to_park_(options.idle_rounds_to_park),
      path_(output.name()),
      output_(std::move(output)) {
  for (std::size_t i = 0; i < options.rings; ++i) {
    rings_.push_back(std::make_unique<LogRing>(wake_, options.ring_bytes));
  }
}

std::optional<Error> LogWriter::begin() {
  const SignalsBlocked blocked;
  Result<std::thread> thread = start_thread([this] { run(); });
  if (!thread) return thread.error();
  thread_ = std::move(*thread);
  return std::nullopt;
}

std::optional<Error> LogWriter::reopen() {
  if (is_standard_stream(path_)) return std::nullopt;
  return open_next(path_);
}

std::optional<Error> LogWriter::set_output(const std::string& path) {
  if (path == path_) return std::nullopt;
  return open_next(path);
}

std::optional<Error> LogWriter::open_next(const std::string& path) {
  Result<LogOutput> opened = LogOutput::open(path);
  if (!opened) return opened.error();
  path_ = path;
  {
    const std::lock_guard lock(mutex_);
    orders_.output = std::move(*opened);
  }
  wake_.rouse();
  return std::nullopt;
}

void LogWriter::flush() {
  if (!thread_.joinable()) return;
  std::unique_lock lock(mutex_);
  const std::uint64_t mine = ++orders_.flushes;
  wake_.rouse();
  flushed_.wait(lock, [this, mine] { return flushes_done_ >= mine; });
}

void LogWriter::stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    orders_.stop = true;
  }
  wake_.rouse();
  thread_.join();
}

std::uint64_t LogWriter::dropped() const {
  std::uint64_t sum = lost_.load(std::memory_order_relaxed);
  for (const auto& ring : rings_) sum += ring->dropped();
  return sum;
}

void LogWriter::run() {
  pthread_setname_np(pthread_self(), "sluice-log");
  for (;;) {
    Orders orders = take_orders();
    if (orders.output) switch_output(std::move(*orders.output));
    if (orders.stop) return finish();
    const Drained drained = drain();
    report();
    {
      const std::lock_guard lock(mutex_);
      flushes_done_ = orders.flushes;
    }
    flushed_.notify_all();
    wait_for_more(drained);
  }
}

LogWriter::Orders LogWriter::take_orders() {
  const std::lock_guard lock(mutex_);
  Orders orders{std::move(orders_.output), orders_.flushes, orders_.stop};
  orders_.output.reset();
  return orders;
}

// A line that the old output has begun belongs to it.
void LogWriter::switch_output(LogOutput output) {
  if (mid_line_) drain_ring(*rings_[next_ring_]);
  if (mid_line_) skip_line(*rings_[next_ring_]);
  output_ = std::move(output);
  blocked_rounds_ = 0;
  refusal_ = reported_refusal_ = 0;
}

LogWriter::Drained LogWriter::drain() {
  bool something = false;
  for (std::size_t i = 0; i < rings_.size(); ++i) {
    // After a refusal the next try begins with this ring again: its line may be half written.
    const Drained drained = drain_ring(*rings_[next_ring_]);
    if (drained == Drained::Blocked || drained == Drained::Failed) return drained;
    something = something || drained == Drained::Something;
    next_ring_ = (next_ring_ + 1) % rings_.size();
  }
  return something ? Drained::Something : Drained::Nothing;
}

// Writes what is in the ring now; what is pushed meanwhile waits until the other rings had a turn.
LogWriter::Drained LogWriter::drain_ring(LogRing& ring) {
  const std::size_t goal = ring.readable().size();
  for (std::size_t done = 0; done < goal;) {
    const LogBytes batch = ring.readable().whole_lines(output_.batch_bytes_max());
    const ssize_t written = output_.write(batch);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return note_refusal(written < 0 ? errno : EAGAIN);
    const std::size_t taken = static_cast<std::size_t>(written);
    mid_line_ = batch[taken - 1] != '\n';
    ring.consume(taken);
    done += taken;
    refusal_ = reported_refusal_ = 0;
    blocked_rounds_ = 0;
  }
  return goal != 0 ? Drained::Something : Drained::Nothing;
}

LogWriter::Drained LogWriter::note_refusal(int error) {
  if (error == EAGAIN) {
    ++blocked_rounds_;
    return Drained::Blocked;
  }
  refusal_ = error;
  return Drained::Failed;
}

void LogWriter::skip_line(LogRing& ring) {
  ring.consume(ring.readable().whole_lines(0).size());
  lost_.fetch_add(1, std::memory_order_relaxed);
  mid_line_ = false;
}

// The last round: a slow reader gets some time, a broken output none.
void LogWriter::finish() {
  const auto end = steady_clock::now() + kStopPatience;
  while (drain() == Drained::Blocked) {
    const auto left = std::chrono::ceil<milliseconds>(end - steady_clock::now());
    if (left.count() <= 0) break;
    wake_.wait(output_.fd(), blocked_rounds_ > 1 ? std::min(kTick, left) : left);
  }
  for (const auto& ring : rings_) {
    const LogBytes left = ring->readable();
    lost_.fetch_add(count_lines(left), std::memory_order_relaxed);
    ring->consume(left.size());
  }
  next_report_ = {};
  report();
}

bool LogWriter::unreported() const {
  return dropped() != reported_dropped_ || refusal_ != reported_refusal_;
}

void LogWriter::report() {
  if (!unreported()) return;
  const auto now = steady_clock::now();
  if (now < next_report_) return;
  next_report_ = now + kReportInterval;
  const std::uint64_t total = dropped();
  const std::uint64_t lines = total - reported_dropped_;
  if (refusal_ != 0) {
    log_.error("access log: cannot write to {}: {}; {} lines dropped", output_.name(),
               std::generic_category().message(refusal_), lines);
  } else {
    log_.error("access log: {} lines dropped: {} takes them too slowly", lines, output_.name());
  }
  reported_dropped_ = total;
  reported_refusal_ = refusal_;
}

void LogWriter::wait_for_more(Drained drained) {
  idle_rounds_ = drained == Drained::Nothing ? idle_rounds_ + 1 : 0;
  if (drained == Drained::Failed) {
    wake_.wait(-1, kRefusedWait);
  } else if (drained == Drained::Blocked && blocked_rounds_ == 1) {
    wake_.wait(output_.fd(), kBlockedWait);
  } else if (idle_rounds_ < idle_rounds_to_park_ || drained == Drained::Blocked || unreported()) {
    // Also for an output that is said to be ready and then takes nothing: it must not make us spin.
    wake_.wait(-1, kTick);
  } else {
    wake_.park();
    if (all_empty()) wake_.wait(-1, milliseconds(-1));
    wake_.unpark();
  }
}

bool LogWriter::all_empty() const {
  return std::all_of(rings_.begin(), rings_.end(),
                     [](const std::unique_ptr<LogRing>& ring) { return ring->empty(); });
}

}  // namespace sluice::observe
