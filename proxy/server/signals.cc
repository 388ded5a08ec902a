// SPDX-License-Identifier: MIT
#include "proxy/server/signals.h"

#include <sys/signalfd.h>
#include <unistd.h>
#include <csignal>

#include "proxy/base/check.h"

namespace sluice::server {

namespace {

sigset_t handled_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (int signal : {SIGHUP, SIGUSR1, SIGTERM, SIGQUIT, SIGINT}) sigaddset(&set, signal);
  return set;
}

int open_signal_fd() {
  sigset_t set = handled_signals();
  return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

}  // namespace

void Signals::block() {
  sigset_t set = handled_signals();
  CHECK(pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0);
  CHECK(std::signal(SIGPIPE, SIG_IGN) != SIG_ERR);
}

Signals::Signals(net::EventLoop& loop, Delegate<void(int)> on_signal)
    : on_signal_(on_signal),
      fd_(open_signal_fd()),
      event_(loop.base(), fd_.get(), short{EV_READ},
             net::FdEvent::Callback::of<&Signals::on_readable>(this)) {
  CHECK(fd_.valid());
  event_.enable();
}

void Signals::on_readable(short) {
  signalfd_siginfo info{};
  while (::read(fd_.get(), &info, sizeof(info)) == static_cast<ssize_t>(sizeof(info))) {
    on_signal_(static_cast<int>(info.ssi_signo));
  }
}

}  // namespace sluice::server
