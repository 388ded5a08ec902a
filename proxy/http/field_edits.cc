// SPDX-License-Identifier: MIT
#include "proxy/http/field_edits.h"

#include <algorithm>

#include "proxy/base/check.h"
#include "proxy/http/content_fields.h"
#include "proxy/http/hop_by_hop.h"

namespace sluice::http {

FieldEdits::FieldEdits(NamesAndValues add, NamesAndValues set, std::vector<std::string> remove,
                       std::vector<std::string> allow)
    : allowed_(std::move(allow)), has_ambiguous_(!allowed_.empty()) {
  edits_.reserve(add.size() + set.size() + remove.size());
  for (std::string& name : remove) append(Verb::Remove, std::move(name), {});
  for (auto& field : set) append(Verb::Set, std::move(field.first), std::move(field.second));
  for (auto& field : add) append(Verb::Add, std::move(field.first), std::move(field.second));
}

void FieldEdits::append(Verb verb, std::string name, std::string value) {
  CHECK(is_token(name) && is_field_value(value));
  const FieldId id = field_id(name);
  has_ambiguous_ = has_ambiguous_ || is_ambiguous(name);
  const bool of_content = is_of_content(name, id);
  edits_.push_back({verb, id, of_content, std::move(name), std::move(value)});
}

bool FieldEdits::manages(std::string_view name) const {
  return std::any_of(edits_.begin(), edits_.end(), [name](const Edit& edit) {
    return edit.verb != Verb::Add && folds_alike(edit.name, name);
  });
}

void FieldEdits::drop_other_spellings(Fields& fields) const {
  if (!has_ambiguous_) return;
  fields.remove_if([this](const Field& field) {
    return std::any_of(edits_.begin(), edits_.end(), [&field](const Edit& edit) {
      return edit.verb != Verb::Add && folds_alike(edit.name, field.name) &&
             !iequals(edit.name, field.name);
    });
  });
}

void FieldEdits::apply(Fields& fields) const {
  for (const Edit& edit : edits_) edit.apply(fields);
}

void FieldEdits::apply_beside_content(Fields& fields) const {
  for (const Edit& edit : edits_) {
    if (!edit.of_content) edit.apply(fields);
  }
}

void FieldEdits::Edit::apply(Fields& fields) const {
  const bool absent = id != FieldId::Other && !fields.has(id);
  switch (verb) {
    case Verb::Remove:
      if (!absent) fields.remove(name);
      break;
    case Verb::Set:
      if (!absent) {
        fields.set(name, value);
        break;
      }
      [[fallthrough]];
    case Verb::Add:
      fields.add(name, value, id);
      break;
  }
}

}  // namespace sluice::http
