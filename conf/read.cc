// SPDX-License-Identifier: MIT
#include "conf/read.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "conf/fields.h"
#include "conf/spec_text.h"
#include "conf/suggest.h"
#include "conf/units.h"

namespace sluice::conf {
namespace {

using Kind = Node::Kind;

// How a quantity is written, for the hints.
struct Notation {
  std::string_view examples;
  std::string_view unit;  // the one that a bare number most likely means
};
constexpr Notation kDurations{kDurationExamples, "s"};
constexpr Notation kSizes{kBytesExamples, "B"};
constexpr Notation kRates{kRateExamples, "/s"};

template <typename T, typename S>
bool fits(const T& value, const S& spec) {
  return value >= spec.min && value <= spec.max;
}
bool fits(const Rate& value, const Frequency& spec) {
  return value.events >= 1 && value.events <= spec.max;
}

// One value of the document on its way into a member; its overloads of `into` are picked by the
// member's type and its spec.
class ValueReader {
 public:
  ValueReader(const Node& node, Path path, Problems& problems)
      : node_(node), path_(std::move(path)), problems_(problems) {}

  void into(std::string& out, const Text& spec) const;
  void into(std::optional<std::string>& out, const Text& spec) const { into(out.emplace(), spec); }
  void into(bool& out, const Flag& spec) const;
  void into(int& out, const Whole& spec) const;
  void into(int& out, const OneOf& spec) const;
  void into(Duration& out, const Timespan& spec) const;
  void into(Bytes& out, const Size& spec) const;
  void into(Rate& out, const Frequency& spec) const;
  void into(std::vector<std::string>& out, const Strings& spec) const;
  void into(std::map<std::string, std::string>& out, const StringMap& spec) const;
  template <typename E, std::size_t N>
  void into(E& out, const Choice<E, N>& spec) const;
  template <typename T>
  void into(T& out, const Object& spec) const;
  template <typename T>
  void into(std::optional<T>& out, const Object& spec) const {
    into(out.emplace(), spec);
  }
  template <typename T>
  void into(std::vector<T>& out, const Objects& spec) const;
  template <typename T>
  void into(std::map<std::string, T>& out, const NamedObjects& spec) const;

 private:
  ValueReader child(const Node& node, Path path) const {
    return {node, std::move(path), problems_};
  }

  void complain(std::string message, std::string hint = {}) const {
    Problem problem = problem_at_value(node_, path_);
    problem.message = std::move(message);
    problem.hint = std::move(hint);
    problems_.add(std::move(problem));
    problems_.doubt(path_);
  }

  // Whether the value is of this kind; complains when not.
  template <typename S>
  bool expect(Kind kind, const S& spec, const std::string& hint = {}) const {
    if (node_.kind == kind) return true;
    complain(fmt::format("{} must be {}, not {}", in_quotes(path_.leaf()), describe(spec),
                         article_and_kind(node_.kind)),
             hint);
    return false;
  }

  // Reads a string with a unit by `parse`, as "30s", and checks its range.
  template <typename T, typename S, typename Parse, typename Print>
  void quantity(T& out, const S& spec, const Notation& notation, Parse parse, Print print) const;
  // The word, or where that is kOff the number 0, that stands for none.
  bool is_none(std::string_view word) const;

  const Node& node_;
  Path path_;
  Problems& problems_;
};

// The visitor of the table: looks each key up, and knows in the end which ones are unknown.
class ObjectReader {
 public:
  ObjectReader(const Node& node, const Path& path, Problems& problems)
      : node_(node), path_(path), problems_(problems) {}

  template <typename M, typename S>
  void key(std::string_view name, M& member, const S& spec, std::string_view /*doc*/) {
    known_.push_back(name);
    if (const Node* node = node_.find(name)) {
      ValueReader(*node, path_.at(name), problems_).into(member, spec);
      return;
    }
    if constexpr (std::is_same_v<S, Text>) {
      if (spec.required) missing_.emplace_back(name, spec.example);
    }
  }

  void finish() const {
    for (const Node& child : node_.children) {
      if (std::find(known_.begin(), known_.end(), child.key) == known_.end()) unknown(child);
    }
    for (const auto& [name, example] : missing_) missing(name, example);
  }

 private:
  void unknown(const Node& child) const {
    if (path_.empty() && child.key == kSchemaKey) return;
    const std::string_view meant = nearest(child.key, known_);
    if (!meant.empty()) problems_.doubt(path_.at(meant));
    Problem problem = problem_at_key(child, path_.at(child.key));
    problem.message = path_.empty()
                          ? fmt::format("unknown key {} at the top level", in_quotes(child.key))
                          : fmt::format("unknown key {} in {}", in_quotes(child.key), path_.text());
    problem.hint = did_you_mean(child.key, known_);
    problem.allowed = listed(known_);
    problems_.add(std::move(problem));
  }

  void missing(std::string_view name, std::string_view example) const {
    const Path path = path_.at(name);
    if (problems_.doubtful(path)) return;
    Problem problem = problem_at_value(node_, path);
    problem.message = fmt::format("{} is missing in {}", in_quotes(name), path_.text());
    problem.hint = fmt::format("for example {}: {}", in_quotes(name), in_quotes(example));
    problems_.add(std::move(problem));
    problems_.doubt(path);
  }

  const Node& node_;
  const Path& path_;
  Problems& problems_;
  std::vector<std::string_view> known_;
  std::vector<std::pair<std::string_view, std::string_view>> missing_;  // name, example
};

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

void ValueReader::into(std::string& out, const Text& spec) const {
  if (!expect(Kind::String, spec)) return;
  if (!spec.free && has_control(node_.text)) {
    complain(fmt::format("{} holds a control character", in_quotes(path_.leaf())));
  } else if (spec.required && node_.text.empty()) {
    complain(fmt::format("{} is empty", in_quotes(path_.leaf())),
             fmt::format("for example {}", in_quotes(spec.example)));
  } else {
    out = node_.text;
  }
}

void ValueReader::into(bool& out, const Flag& spec) const {
  if (expect(Kind::Boolean, spec)) out = node_.boolean;
}

void ValueReader::into(int& out, const Whole& spec) const {
  if (!spec.word.empty() && node_.kind == Kind::String && node_.text == spec.word) {
    out = 0;
    return;
  }
  std::string hint;
  if (node_.kind == Kind::String && !node_.text.empty() &&
      node_.text.find_first_not_of("0123456789") == std::string::npos) {
    hint = "write the number without quotes";
  }
  if (!expect(Kind::Integer, spec, hint)) return;
  if (node_.integer < spec.min || node_.integer > spec.max) {
    complain(fmt::format("{} must be {}, not {}", in_quotes(path_.leaf()), describe(spec),
                         node_.integer));
    return;
  }
  out = static_cast<int>(node_.integer);
}

void ValueReader::into(int& out, const OneOf& spec) const {
  if (!expect(Kind::Integer, spec)) return;
  for (const int value : spec.values) {
    if (node_.integer == value) {
      out = value;
      return;
    }
  }
  complain(
      fmt::format("{} must be {}, not {}", in_quotes(path_.leaf()), describe(spec), node_.integer));
}

template <typename T, typename S, typename Parse, typename Print>
void ValueReader::quantity(T& out, const S& spec, const Notation& notation, Parse parse,
                           Print print) const {
  std::string hint = fmt::format("a number and a unit in one string: {}", notation.examples);
  if (node_.kind == Kind::Integer && node_.integer != 0) {
    hint = fmt::format("did you mean \"{}{}\"?", node_.integer, notation.unit);
  }
  if (!expect(Kind::String, spec, hint)) return;
  const Result<T> value = parse(node_.text);
  if (!value) {
    complain(fmt::format("{}: {}", in_quotes(path_.leaf()), value.error().what), hint);
  } else if (!fits(*value, spec)) {
    complain(fmt::format("{} must be {}, not {}", in_quotes(path_.leaf()), describe(spec),
                         print(*value)));
  } else {
    out = *value;
  }
}

void ValueReader::into(Duration& out, const Timespan& spec) const {
  if (is_none(spec.word)) {
    out = {};
    return;
  }
  quantity(out, spec, kDurations, parse_duration, [](Duration value) { return print(value); });
}

void ValueReader::into(Bytes& out, const Size& spec) const {
  if (is_none(spec.word)) {
    out = 0;
    return;
  }
  quantity(out, spec, kSizes, parse_bytes, print_bytes);
}

void ValueReader::into(Rate& out, const Frequency& spec) const {
  if (is_none(spec.word)) {
    out = {};
    return;
  }
  quantity(out, spec, kRates, parse_rate, [](const Rate& value) { return print(value); });
}

bool ValueReader::is_none(std::string_view word) const {
  return !word.empty() && ((node_.kind == Kind::String && node_.text == word) ||
                           (node_.kind == Kind::Integer && node_.integer == 0 && word == kOff));
}

void ValueReader::into(std::vector<std::string>& out, const Strings& spec) const {
  out.clear();  // of its default
  if (spec.or_one && node_.kind == Kind::String) {
    into(out.emplace_back(), Text{});
    return;
  }
  if (!expect(Kind::Array, spec)) return;
  for (std::size_t i = 0; i < node_.children.size(); ++i) {
    child(node_.children[i], path_.at(i)).into(out.emplace_back(), Text{});
  }
}

void ValueReader::into(std::map<std::string, std::string>& out, const StringMap& spec) const {
  if (!expect(Kind::Object, spec)) return;
  for (const Node& member : node_.children) {
    child(member, path_.at(member.key)).into(out[member.key], Text{.free = true});
  }
}

template <typename E, std::size_t N>
void ValueReader::into(E& out, const Choice<E, N>& spec) const {
  if (!expect(Kind::String, spec)) return;
  for (const Name<E>& name : spec.names) {
    if (name.word == node_.text) {
      out = name.value;
      return;
    }
  }
  complain(fmt::format("{} must be {}, not {}", in_quotes(path_.leaf()), describe(spec),
                       in_quotes(node_.text)),
           did_you_mean(node_.text, words(spec)));
}

template <typename T>
void ValueReader::into(T& out, const Object& spec) const {
  if (!expect(Kind::Object, spec,
              spec.example.empty() ? std::string() : fmt::format("for example {}", spec.example))) {
    return;
  }
  ObjectReader reader(node_, path_, problems_);
  fields(reader, out);
  reader.finish();
}

template <typename T>
void ValueReader::into(std::vector<T>& out, const Objects& spec) const {
  if (!expect(Kind::Array, spec)) return;
  out.resize(node_.children.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    const Node& element = node_.children[i];
    if (spec.shorthand.empty() || element.kind != Kind::String) {
      child(element, path_.at(i)).into(out[i], Object{});
      continue;
    }
    // As if it were { shorthand: element }: the table's own spec of that key reads it.
    Node object;
    object.kind = Kind::Object;
    object.offset = element.offset;
    object.length = element.length;
    object.children.push_back(element);
    object.children.back().key = spec.shorthand;
    child(object, path_.at(i)).into(out[i], Object{});
  }
}

template <typename T>
void ValueReader::into(std::map<std::string, T>& out, const NamedObjects& spec) const {
  if (!expect(Kind::Object, spec)) return;
  for (const Node& member : node_.children) {
    child(member, path_.at(member.key)).into(out[member.key], Object{});
  }
}

}  // namespace

Config read_config(const Node& root, Problems& problems) {
  Config config;
  const Path top;
  if (root.kind == Kind::Object) {
    ObjectReader reader(root, top, problems);
    fields(reader, config);
    reader.finish();
  } else {
    Problem problem = problem_at_value(root, top);
    problem.message =
        fmt::format("a configuration must be an object, not {}", article_and_kind(root.kind));
    problems.add(std::move(problem));
  }
  return config;
}

}  // namespace sluice::conf
