// SPDX-License-Identifier: MIT
// OpenSSL's error queue, which belongs to the calling thread and not to a connection: it must be
// cleared before each call whose outcome is judged by it, or one peer's mistake is told of the
// next.
#pragma once

#include <string>
#include <string_view>

namespace sluice::tls {

void clear_errors();

// The queue of this thread as one sentence, cause first: "no start line; PEM lib". Empties the
// queue. "unknown error" when nothing was queued.
std::string take_error_text();

// The first queued error as a short stable word for logs and counters, such as
// "tls_no_shared_cipher". Leaves the queue alone; "tls_error" for what has no word of its own.
std::string_view error_word();

}  // namespace sluice::tls
