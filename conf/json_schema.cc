// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "conf/fields.h"
#include "conf/schema.h"
#include "conf/spec_text.h"
#include "conf/units.h"

namespace sluice::conf {
namespace {

using Schema = nlohmann::ordered_json;

Schema either(Schema one, Schema other) {
  return {{"anyOf", Schema::array({std::move(one), std::move(other)})}};
}

Schema with_word(Schema schema, std::string_view word) {
  return word.empty() ? schema : either(std::move(schema), {{"const", word}});
}

Schema strings() {
  return {{"type", "array"}, {"items", {{"type", "string"}}}};
}

Schema schema_of(const Text& spec) {
  Schema schema = {{"type", "string"}};
  if (spec.required) schema["minLength"] = 1;
  return schema;
}
Schema schema_of(const Flag& /*spec*/) {
  return {{"type", "boolean"}};
}
Schema schema_of(const Whole& spec) {
  return with_word({{"type", "integer"}, {"minimum", spec.min}, {"maximum", spec.max}}, spec.word);
}
Schema schema_of(const OneOf& spec) {
  return {{"enum", spec.values}};
}
// A string with a unit, or the word for none, and 0 where that may stand for it.
Schema quantity(std::string_view pattern, std::string_view word) {
  Schema schema = {{"type", "string"}, {"pattern", pattern}};
  if (word != kOff) return with_word(std::move(schema), word);
  return either(std::move(schema), {{"enum", Schema{word, 0}}});
}
Schema schema_of(const Timespan& spec) {
  return quantity(kDurationPattern, spec.word);
}
Schema schema_of(const Size& spec) {
  return quantity(kBytesPattern, spec.word);
}
Schema schema_of(const Frequency& spec) {
  return quantity(kRatePattern, spec.word);
}
template <typename E, std::size_t N>
Schema schema_of(const Choice<E, N>& spec) {
  return {{"enum", words(spec)}};
}
Schema schema_of(const Strings& spec) {
  return spec.or_one ? either({{"type", "string"}}, strings()) : strings();
}
Schema schema_of(const StringMap& /*spec*/) {
  return {{"type", "object"}, {"additionalProperties", {{"type", "string"}}}};
}

template <typename T>
Schema object_schema();

// Visitor of the table, called with a default-constructed object.
class Printer {
 public:
  template <typename M, typename S>
  void key(std::string_view name, const M& member, const S& spec, std::string_view doc) {
    Schema schema = schema_for(member, spec);
    std::string description(doc);
    if constexpr (std::is_same_v<S, Timespan> || std::is_same_v<S, Size> ||
                  std::is_same_v<S, Frequency>) {
      description += fmt::format(" Must be {}.", describe(spec));
    }
    schema["description"] = std::move(description);
    add_default(schema, member, spec);
    if constexpr (requires { spec.required; }) {
      if (spec.required) required_.emplace_back(name);
    }
    properties_[std::string(name)] = std::move(schema);
  }

  Schema take() {
    Schema schema = {{"type", "object"}, {"properties", std::move(properties_)}};
    if (!required_.empty()) schema["required"] = std::move(required_);
    schema["additionalProperties"] = false;
    return schema;
  }

 private:
  template <typename M, typename S>
  static Schema schema_for(const M& /*member*/, const S& spec) {
    return schema_of(spec);
  }
  template <typename T>
  static Schema schema_for(const T& /*member*/, const Object& /*spec*/) {
    return object_schema<T>();
  }
  template <typename T>
  static Schema schema_for(const std::optional<T>& /*member*/, const Object& /*spec*/) {
    return object_schema<T>();
  }
  template <typename T>
  static Schema schema_for(const std::vector<T>& /*member*/, const Objects& spec) {
    Schema items = object_schema<T>();
    if (!spec.shorthand.empty()) items = either({{"type", "string"}}, std::move(items));
    Schema schema = {{"type", "array"}, {"items", std::move(items)}};
    if (spec.required) schema["minItems"] = 1;
    return schema;
  }
  template <typename T>
  static Schema schema_for(const std::map<std::string, T>& /*member*/,
                           const NamedObjects& /*spec*/) {
    return {{"type", "object"}, {"additionalProperties", object_schema<T>()}};
  }

  // Only members that have a plain value have a default to show.
  template <typename M, typename S>
  static void add_default(Schema& schema, const M& member, const S& spec) {
    if constexpr (requires { literal(member, spec); }) {
      const std::string text = literal(member, spec);
      if (!text.empty() && text != "\"\"") schema["default"] = Schema::parse(text);
    }
  }

  Schema properties_ = Schema::object();
  Schema required_ = Schema::array();
};

template <typename T>
Schema object_schema() {
  const T defaults{};
  Printer printer;
  fields(printer, defaults);
  return printer.take();
}

}  // namespace

std::string json_schema() {
  Schema schema = {{"$schema", "http://json-schema.org/draft-07/schema#"},
                   {"title", "Sluice configuration"}};
  schema.update(object_schema<Config>());
  schema["properties"][std::string(kSchemaKey)] = {
      {"type", "string"}, {"description", "Where this schema lies, for editors. Ignored."}};
  return schema.dump(2) + "\n";
}

}  // namespace sluice::conf
