// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "conf/fields.h"
#include "conf/path.h"
#include "conf/schema.h"
#include "conf/spec_text.h"

namespace sluice::conf {
namespace {

constexpr std::size_t kIndent = 2;

constexpr std::size_t kLineWidth = 80;

// `items` between two brackets: on one line if they fit, otherwise one per line.
std::string block(char open, char close, const std::vector<std::string>& items, std::size_t indent,
                  std::size_t width = kLineWidth) {
  if (items.empty()) return {open, close};
  const std::string line = fmt::format("{}", fmt::join(items, ", "));
  if (indent + line.size() < width && line.find('\n') == std::string::npos) {
    return open == '{' ? fmt::format("{{ {} }}", line) : fmt::format("[{}]", line);
  }
  std::string out(1, open);
  for (std::size_t i = 0; i < items.size(); ++i) {
    out += fmt::format("{}\n{:{}}{}", i > 0 ? "," : "", "", indent + kIndent, items[i]);
  }
  return out + fmt::format("\n{:{}}{}", "", indent, close);
}

using Members = std::vector<std::pair<std::string_view, std::string>>;  // name, JSON or empty

template <typename T>
Members members_of(const T& object, std::size_t indent);

// Visitor of the table: prints every member, defaults too.
class ObjectWriter {
 public:
  explicit ObjectWriter(std::size_t indent) : indent_(indent) {}

  template <typename M, typename S>
  void key(std::string_view name, const M& member, const S& spec, std::string_view /*doc*/) {
    members_.emplace_back(name, write(member, spec));
  }

  Members take() { return std::move(members_); }

 private:
  template <typename M, typename S>
  std::string write(const M& member, const S& spec) const {
    return literal(member, spec);
  }
  template <typename T>
  std::string write(const T& member, const Object& /*spec*/) const {
    return object(members_of(member, inner()));
  }
  template <typename T>
  std::string write(const std::optional<T>& member, const Object& spec) const {
    return member ? write(*member, spec) : std::string();
  }
  template <typename T>
  std::string write(const std::vector<T>& list, const Objects& spec) const;
  template <typename T>
  std::string write(const std::map<std::string, T>& map, const NamedObjects& spec) const;

  std::size_t inner() const { return indent_ + kIndent; }
  std::string object(const Members& members) const { return object(members, inner()); }
  static std::string object(const Members& members, std::size_t indent) {
    std::vector<std::string> items;
    for (const auto& [name, text] : members) {
      items.push_back(fmt::format("{}: {}", in_quotes(name), text));
    }
    return block('{', '}', items, indent);
  }

  std::size_t indent_;  // of the object's closing bracket
  Members members_;
};

// Without those that have their default.
template <typename T>
Members members_of(const T& object, std::size_t indent) {
  const T standard{};
  ObjectWriter writer(indent);
  ObjectWriter standard_writer(indent);
  fields(writer, object);
  fields(standard_writer, standard);
  Members all = writer.take();
  const Members defaults = standard_writer.take();
  Members out;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].second != defaults[i].second) out.push_back(std::move(all[i]));
  }
  return out;
}

template <typename T>
std::string ObjectWriter::write(const std::vector<T>& list, const Objects& spec) const {
  std::vector<std::string> items;
  for (const T& element : list) {
    const Members members = members_of(element, inner() + kIndent);
    const bool is_short = members.size() == 1 && members.front().first == spec.shorthand;
    items.push_back(is_short ? members.front().second : object(members, inner() + kIndent));
  }
  return block('[', ']', items, inner());
}

template <typename T>
std::string ObjectWriter::write(const std::map<std::string, T>& map,
                                const NamedObjects& /*spec*/) const {
  Members members;
  for (const auto& [name, element] : map) {
    members.emplace_back(name, object(members_of(element, inner() + kIndent), inner() + kIndent));
  }
  return object(members);
}

}  // namespace

std::string to_json(const Config& config) {
  std::vector<std::string> items;
  for (const auto& [name, text] : members_of(config, 0)) {
    items.push_back(fmt::format("{}: {}", in_quotes(name), text));
  }
  constexpr std::size_t kAlwaysBroken = 0;
  return block('{', '}', items, 0, kAlwaysBroken) + "\n";
}

}  // namespace sluice::conf
