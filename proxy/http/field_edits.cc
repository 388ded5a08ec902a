// SPDX-License-Identifier: MIT
#include "proxy/http/field_edits.h"

#include "proxy/base/check.h"

namespace sluice::http {

FieldEdits::FieldEdits(NamesAndValues add, NamesAndValues set, std::vector<std::string> remove) {
  edits_.reserve(add.size() + set.size() + remove.size());
  for (std::string& name : remove) append(Verb::Remove, std::move(name), {});
  for (auto& field : set) append(Verb::Set, std::move(field.first), std::move(field.second));
  for (auto& field : add) append(Verb::Add, std::move(field.first), std::move(field.second));
}

void FieldEdits::append(Verb verb, std::string name, std::string value) {
  CHECK(is_token(name) && is_field_value(value));
  const FieldId id = field_id(name);
  edits_.push_back({verb, id, std::move(name), std::move(value)});
}

void FieldEdits::apply(Fields& fields) const {
  for (const Edit& edit : edits_) {
    const bool absent = edit.id != FieldId::Other && !fields.has(edit.id);
    switch (edit.verb) {
      case Verb::Remove:
        if (!absent) fields.remove(edit.name);
        break;
      case Verb::Set:
        if (!absent) {
          fields.set(edit.name, edit.value);
          break;
        }
        [[fallthrough]];
      case Verb::Add:
        fields.add(edit.name, edit.value, edit.id);
        break;
    }
  }
}

}  // namespace sluice::http
