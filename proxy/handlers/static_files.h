// SPDX-License-Identifier: MIT
// StaticFiles: answers from files below a root ("files"): GET and HEAD, conditional (RFC 9110 13)
// and for ranges (RFC 9110 14), with an index for directories, and with compressed siblings for
// clients that take them. Immutable, part of a Snapshot, shared by all workers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proxy/exchange/handler.h"
#include "proxy/handlers/file_lookup.h"
#include "proxy/handlers/mime_types.h"
#include "proxy/handlers/stored_files.h"

namespace sluice::handlers {

class StaticFiles final : public exchange::Handler {
 public:
  // `precompressed`: look for NAME.br, NAME.zst and NAME.gz beside what is text.
  // `stored`: where small files are kept, and what a filter makes of large ones.
  StaticFiles(FileLookup lookup, MimeTypes types, bool precompressed, const StoredFiles& stored)
      : lookup_(std::move(lookup)),
        types_(std::move(types)),
        precompressed_(precompressed),
        stored_(stored) {}

  ArenaPtr<exchange::Responder> respond(exchange::Exchange& exchange) const override;
  std::string_view methods() const override { return "GET, HEAD"; }

 private:
  const FileLookup lookup_;
  const MimeTypes types_;
  const bool precompressed_;
  const StoredFiles stored_;
};

}  // namespace sluice::handlers
