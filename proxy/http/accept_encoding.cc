// SPDX-License-Identifier: MIT
#include "proxy/http/accept_encoding.h"

#include <algorithm>

#include "proxy/base/check.h"

namespace sluice::http {
namespace {

constexpr int kUnnamed = -1;
constexpr int kFullWeight = 1000;

// RFC 9110 12.4.2, in thousandths: "q=" and a number up to 1 with up to three digits behind a
// point. What is malformed is not acceptable.
int weight_of(std::string_view parameter) {
  constexpr std::size_t kSize = 5;  // "0.123"
  if (parameter.size() < 3 || !iequals(parameter.substr(0, 2), "q=")) return 0;
  const std::string_view value = parameter.substr(2);
  if (value.size() > kSize || (value.size() > 1 && value[1] != '.')) return 0;
  int weight = 0;
  for (std::size_t i = 0; i < kSize; ++i) {
    if (i == 1) continue;
    const char digit = i < value.size() ? value[i] : '0';
    if (digit < '0' || digit > '9') return 0;
    weight = weight * 10 + (digit - '0');
  }
  return weight <= kFullWeight ? weight : 0;
}

struct Weights {
  int own = kUnnamed;
  int any = kUnnamed;  // of "*"

  int value() const { return std::max(own != kUnnamed ? own : any, 0); }
};

// RFC 9110 8.4.1.3: "x-gzip" is another name of "gzip".
bool names(std::string_view name, std::string_view coding) {
  return iequals(name, coding) || (coding == "gzip" && iequals(name, "x-gzip"));
}

// The first that names it counts.
Weights weights_of(const Fields& fields, std::string_view coding) {
  Weights found;
  for (const Field& field : fields) {
    if (field.id != FieldId::AcceptEncoding) continue;
    ListReader list(field.value);
    for (std::string_view element; list.next(element);) {
      const std::size_t semicolon = std::min(element.find(';'), element.size());
      const std::string_view name = trim_ows(element.substr(0, semicolon));
      const bool own = names(name, coding);
      if (!own && name != "*") continue;
      int& weight = own ? found.own : found.any;
      if (weight != kUnnamed) continue;
      const bool weighted = semicolon < element.size();
      weight = weighted ? weight_of(trim_ows(element.substr(semicolon + 1))) : kFullWeight;
    }
  }
  return found;
}

}  // namespace

EncodingRanks::EncodingRanks(const Fields& fields, std::span<const std::string_view> codings) {
  CHECK(codings.size() <= kMax);
  if (!fields.has(FieldId::AcceptEncoding)) return;
  // "*" says nothing of the content as it is, which is always there (RFC 9110 12.5.3).
  const int least = std::max(weights_of(fields, "identity").own, 1);
  std::array<int, kMax> weights{};
  for (std::size_t i = 0; i < codings.size(); ++i) {
    weights[i] = weights_of(fields, codings[i]).value();
    if (weights[i] < least) continue;
    std::size_t at = count_++;
    for (; at > 0 && weights[indices_[at - 1]] < weights[i]; --at) indices_[at] = indices_[at - 1];
    indices_[at] = i;
  }
}

std::size_t choose_encoding(const Fields& fields, std::span<const std::string_view> codings) {
  const EncodingRanks ranks(fields, codings);
  return ranks.indices().empty() ? codings.size() : ranks.indices().front();
}

}  // namespace sluice::http
