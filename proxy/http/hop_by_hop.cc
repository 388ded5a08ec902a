// SPDX-License-Identifier: MIT
#include "proxy/http/hop_by_hop.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "proxy/http/chars.h"
#include "proxy/http/message.h"

namespace sluice::http {
namespace {

constexpr FieldSet kHopByHop = field_set(
    {FieldId::Connection, FieldId::KeepAlive, FieldId::ProxyConnection, FieldId::TE,
     FieldId::TransferEncoding, FieldId::Upgrade, FieldId::Http2Settings,
     FieldId::ProxyAuthenticate, FieldId::ProxyAuthorization, FieldId::ProxyAuthenticationInfo});

// The options of all Connection fields that may take a field away. Their bytes do not move when
// fields are removed.
class Nominated {
 public:
  explicit Nominated(const Fields& fields) {
    if (!fields.has(FieldId::Connection)) return;
    for (const Field& field : fields) {
      if (field.id == FieldId::Connection) read(field.value);
    }
  }

  bool empty() const { return count_ == 0; }

  bool names(const Field& field) const {
    return field.id == FieldId::Other &&
           std::any_of(options_.begin(), options_.begin() + count_,
                       [&field](std::string_view option) { return iequals(option, field.name); });
  }

 private:
  void read(std::string_view connection) {
    ListReader list(connection);
    std::string_view option;
    while (count_ < kMaxConnectionOptions && list.next(option)) {
      if (field_id(option) == FieldId::Other) options_[count_++] = option;
    }
  }

  std::array<std::string_view, kMaxConnectionOptions> options_;
  std::size_t count_ = 0;
};

char fold(char c) {
  return is_class(c, char_class::kFolded) ? '-' : to_lower(c);
}

}  // namespace

bool is_ambiguous(std::string_view name) {
  return std::any_of(name.begin(), name.end(),
                     [](char c) { return is_class(c, char_class::kFolded); });
}

bool folds_alike(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return fold(x) == fold(y); });
}

// Whom a Connection field names goes with that field.
void strip_hop_by_hop(Fields& fields) {
  if (!fields.has_any(kHopByHop)) return;
  const Nominated nominated(fields);
  fields.remove_if([&nominated](const Field& field) {
    return (kHopByHop & field_set(field.id)) != 0 || nominated.names(field);
  });
}

void strip_nominated(Fields& fields) {
  if (!fields.has(FieldId::Connection)) return;
  const Nominated nominated(fields);
  if (nominated.empty()) return;
  fields.remove_if([&nominated](const Field& field) { return nominated.names(field); });
}

void drop_ambiguous_names(Fields& fields, std::span<const std::string> allowed) {
  fields.remove_if([allowed](const Field& field) {
    // Names known by id hold neither.
    if (field.id != FieldId::Other || !is_ambiguous(field.name)) return false;
    return std::none_of(allowed.begin(), allowed.end(),
                        [&field](const std::string& name) { return iequals(name, field.name); });
  });
}

bool allowed_in_trailers(FieldId id) {
  return id == FieldId::Other || id == FieldId::ETag;
}

}  // namespace sluice::http
