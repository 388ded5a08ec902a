// SPDX-License-Identifier: MIT
// The other half of Server: the upkeep of the guard, once a second: files of lists that have
// changed, inmates whose time is over, the jail's own file.

#include "proxy/access/jail_file.h"
#include "proxy/server/server.h"

namespace sluice::server {

// Who is known already is known better than the file does.
void Server::restore_jail() {
  if (!config_.jail || config_.jail->file.empty()) return;
  const std::vector<access::Inmate> known = guard_->jail.records(access::wall_now());
  const access::JailFile file = access::read_jail(config_.jail->file);
  for (const Error& problem : file.problems) log_.warn("{}", problem.text());
  if (file.bad_lines > file.problems.size()) {
    log_.warn("{}: {} lines in all could not be read", config_.jail->file, file.bad_lines);
  }
  jail_file_is_ours_ = !file.foreign;
  if (file.foreign) {
    log_.error("the jail is not saved, as {} is none that can be read; a reload looks again",
               config_.jail->file);
  }
  guard_->jail.restore(file.inmates, access::wall_now());
  guard_->jail.restore(known, access::wall_now());
  jail_saved_ = guard_->jail.changes();
}

// The file has another name since a reload, or could not be used before: what is kept there counts,
// too, and is kept there from now on.
void Server::move_jail() {
  restore_jail();
  if (guard_->jail.changes() > 0) jail_saved_.reset();
  jail_save_failed_ = false;
}

// What cannot be written is said once, and tried again. A large jail takes its time: a tenth of all
// time at most.
void Server::save_jail() {
  const std::uint64_t changes = guard_->jail.changes();
  if (!config_.jail || config_.jail->file.empty() || !jail_file_is_ours_) return;
  if (changes == jail_saved_) return;
  const net::TimePoint begun = net::Clock::now();
  const auto error =
      access::write_jail(config_.jail->file, guard_->jail.records(access::wall_now()));
  if (error && !jail_save_failed_) log_.error("cannot save the jail: {}", error->text());
  jail_save_failed_ = error.has_value();
  if (!error) jail_saved_ = changes;
  const net::TimePoint done = net::Clock::now();
  jail_save_due_ = done + 9 * (done - begun);
}

void Server::on_second() {
  second_timer_.set(loop_.now() + std::chrono::seconds(1));
  guard_->jail.expire(access::wall_now());
  if (loop_.now() >= jail_save_due_) save_jail();
  if (draining_) return;
  if (names_retry_.is_due(loop_.now())) use_new_names();
  if (list_watch_.look()) {
    lists_retry_ = {};
    reload_lists();
  } else if (lists_retry_.is_due(loop_.now())) {
    reload_lists();
  }
}

// A reload with the configuration that stands, and its certificates, which SIGHUP alone replaces.
// It may fail for more than the lists, so it is tried again; what is wrong is said once.
void Server::reload_lists() {
  const auto error = use(config_, names_->addresses(), {.secrets = snapshot_.get()});
  if (!error) {
    ++lists_reloads_done_;
    return log_.info("lists reloaded");
  }
  ++lists_reloads_failed_;
  const bool is_news = lists_retry_.failed(error->text(), loop_.now());
  if (is_news) log_.error("the lists stay as they were: {}", error->text());
}

}  // namespace sluice::server
