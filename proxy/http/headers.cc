// SPDX-License-Identifier: MIT
#include "proxy/http/headers.h"

#include <algorithm>

#include "proxy/http/chars.h"

namespace sluice::http {
namespace {

bool is_ows(char c) {
  return c == ' ' || c == '\t';
}

bool has_name(const Field& field, FieldId id, std::string_view name) {
  return field.id == id && (id != FieldId::Other || iequals(field.name, name));
}

}  // namespace

void Fields::set(std::string_view name, std::string_view value) {
  const FieldId id = field_id(name);
  const auto same = [id, name](const Field& field) { return has_name(field, id, name); };
  const auto first = std::find_if(fields_.begin(), fields_.end(), same);
  if (first == fields_.end()) {
    add(name, value, id);
    return;
  }
  first->value = value;
  fields_.erase(std::remove_if(first + 1, fields_.end(), same), fields_.end());
}

void Fields::set(FieldId id, std::string_view value) {
  if (has(id)) {
    set(field_name(id), value);
  } else {
    add(id, value);
  }
}

std::size_t Fields::remove(FieldId id) {
  if (!has(id)) return 0;
  return remove_if([id](const Field& field) { return field.id == id; });
}

std::size_t Fields::remove(std::string_view name) {
  const FieldId id = field_id(name);
  if (id != FieldId::Other) return remove(id);
  return remove_if([name](const Field& field) { return has_name(field, FieldId::Other, name); });
}

const Field* Fields::find(FieldId id) const {
  if (!has(id)) return nullptr;
  for (const Field& field : fields_) {
    if (field.id == id) return &field;
  }
  return nullptr;
}

const Field* Fields::find(std::string_view name) const {
  const FieldId id = field_id(name);
  if (id != FieldId::Other) return find(id);
  for (const Field& field : fields_) {
    if (has_name(field, id, name)) return &field;
  }
  return nullptr;
}

std::size_t Fields::count(FieldId id) const {
  if (!has(id)) return 0;
  return static_cast<std::size_t>(std::count_if(
      fields_.begin(), fields_.end(), [id](const Field& field) { return field.id == id; }));
}

std::string_view Fields::value(FieldId id) const {
  const Field* field = find(id);
  return field != nullptr ? field->value : std::string_view();
}

std::string_view Fields::value(std::string_view name) const {
  const Field* field = find(name);
  return field != nullptr ? field->value : std::string_view();
}

void Fields::rebase(std::string_view from, const char* to) {
  for (Field& field : fields_) {
    http::rebase(field.name, from, to);
    http::rebase(field.value, from, to);
  }
}

void Fields::note_present() {
  present_ = 0;
  for (const Field& field : fields_) present_ |= field_set(field.id);
}

bool iequals(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return to_lower(x) == to_lower(y);
         });
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](char c) { return is_class(c, char_class::kToken); });
}

bool is_field_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return is_class(c, char_class::kValue); });
}

bool ListReader::next(std::string_view& element) {
  while (!rest_.empty()) {
    const std::size_t comma = rest_.find(',');
    element = trim_ows(rest_.substr(0, comma));
    rest_.remove_prefix(comma == std::string_view::npos ? rest_.size() : comma + 1);
    if (!element.empty()) return true;
  }
  return false;
}

bool list_contains_token(std::string_view value, std::string_view token) {
  ListReader list(value);
  std::string_view element;
  while (list.next(element)) {
    if (iequals(element, token)) return true;
  }
  return false;
}

bool list_contains_directive(std::string_view value, std::string_view name) {
  ListReader list(value);
  std::string_view element;
  while (list.next(element)) {
    if (iequals(trim_ows(element.substr(0, element.find('='))), name)) return true;
  }
  return false;
}

std::string_view trim_ows(std::string_view text) {
  while (!text.empty() && is_ows(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_ows(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace sluice::http
