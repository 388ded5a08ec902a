// SPDX-License-Identifier: MIT
// FieldEdits: what the configuration of a route changes about the fields of a head, on its way to
// the backend or to the client.
//
// Made when a Snapshot is compiled; immutable and shared by all workers from then on. The fields
// borrow names and values from it, so it outlives the messages it was applied to.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/http/headers.h"

namespace sluice::http {

class FieldEdits {
 public:
  using NamesAndValues = std::vector<std::pair<std::string, std::string>>;

  FieldEdits() = default;
  // REQUIRES: is_token() of every name and is_field_value() of every value. Framing and connection
  // fields have no effect: head_writer writes them itself. `allow` are names with '_' or '.' that
  // clients may send.
  FieldEdits(NamesAndValues add, NamesAndValues set, std::vector<std::string> remove,
             std::vector<std::string> allow = {});

  FieldEdits(const FieldEdits&) = delete;
  FieldEdits& operator=(const FieldEdits&) = delete;
  // The fields that borrow from a moved one borrow from its new place.
  FieldEdits(FieldEdits&&) = default;
  FieldEdits& operator=(FieldEdits&&) = default;

  bool empty() const { return edits_.empty(); }

  // Removes, then sets, then adds.
  void apply(Fields& fields) const;

  // Likewise, but without the edits of what tells of a content and how long it may be kept
  // (Cache-Control and its likes, Expires, ETag, Last-Modified, Content-*): for a head whose
  // content is not the one that was meant.
  void apply_beside_content(Fields& fields) const;

  // The exceptions for drop_ambiguous_names().
  std::span<const std::string> allowed() const { return allowed_; }

  // Whether a field of that name is set or removed here, in any spelling that a backend may take
  // for it (folds_alike()). Such a name must not come by another way, as in a trailer.
  bool manages(std::string_view name) const;

  // Removes the fields that a backend may take for one that is set or removed here, though apply()
  // would not: "X-User" where "X_User" is set.
  void drop_other_spellings(Fields& fields) const;

 private:
  enum class Verb : std::uint8_t { Remove, Set, Add };

  struct Edit {
    Verb verb;
    FieldId id;
    bool of_content;
    std::string name;
    std::string value;

    void apply(Fields& fields) const;
  };

  void append(Verb verb, std::string name, std::string value);

  std::vector<Edit> edits_;  // in the order in which they are applied
  std::vector<std::string> allowed_;
  bool has_ambiguous_ = false;  // a name in one of them
};

}  // namespace sluice::http
