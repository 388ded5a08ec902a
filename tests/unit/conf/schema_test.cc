// SPDX-License-Identifier: MIT
#include "conf/schema.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "conf/fields.h"

namespace sluice::conf {
namespace {

using nlohmann::json;

// Visitor of the table that collects the path of every key.
class Keys {
 public:
  Keys(std::vector<std::string>& out, std::string prefix) : out_(out), prefix_(std::move(prefix)) {}

  template <typename M, typename S>
  void key(std::string_view name, const M& member, const S& spec, std::string_view doc) {
    const std::string path = prefix_ + "/" + std::string(name);
    out_.push_back(path);
    CHECK_FALSE(doc.empty());
    inside(path, member, spec);
  }

 private:
  template <typename M, typename S>
  void inside(const std::string&, const M&, const S&) {}
  template <typename T>
  void inside(const std::string& path, const T& object, const Object&) {
    descend(path, object);
  }
  template <typename T>
  void inside(const std::string& path, const std::optional<T>&, const Object&) {
    descend(path, T{});
  }
  template <typename T>
  void inside(const std::string& path, const std::vector<T>&, const Objects&) {
    descend(path, T{});
  }
  template <typename T>
  void inside(const std::string& path, const std::map<std::string, T>&, const NamedObjects&) {
    descend(path, T{});
  }
  template <typename T>
  void descend(const std::string& path, const T& object) {
    Keys keys(out_, path);
    fields(keys, object);
  }

  std::vector<std::string>& out_;
  std::string prefix_;
};

// The schema of an object, under whatever says that there is one.
const json& object_of(const json& schema) {
  if (schema.contains("properties")) return schema;
  if (schema.contains("items")) return object_of(schema.at("items"));
  if (schema.contains("anyOf")) return object_of(schema.at("anyOf").back());
  return object_of(schema.at("additionalProperties"));
}

TEST_CASE("schema: the JSON Schema has every key of the table, with its meaning",
          "[conf][schema]") {
  const json schema = json::parse(json_schema());
  CHECK(schema.at("$schema") == "http://json-schema.org/draft-07/schema#");
  std::vector<std::string> paths;
  Keys keys(paths, "");
  const Config config;
  fields(keys, config);
  CHECK(paths.size() == 167);
  for (const std::string& path : paths) {
    CAPTURE(path);
    const json* at = &schema;
    for (std::size_t from = 1; from != 0;) {
      const std::size_t to = path.find('/', from);
      const json& object = object_of(*at);
      CHECK(object.at("additionalProperties") == false);
      at = &object.at("properties").at(path.substr(from, to - from));
      from = to == std::string::npos ? 0 : to + 1;
    }
    CHECK(at->at("description").get<std::string>().size() > 5);
  }
}

TEST_CASE("schema: defaults and limits are those of the structs and the table", "[conf][schema]") {
  const json schema = json::parse(json_schema());
  const json& top = schema.at("properties");
  CHECK(schema.at("required") == json({"listeners", "routes"}));
  CHECK(top.contains("$schema"));
  CHECK(top["workers"]["default"] == "auto");
  CHECK(top["workers"]["anyOf"][0]["maximum"] == 256);
  const json& pool = object_of(top["pools"]);
  CHECK(pool["required"] == json({"backends"}));
  CHECK(pool["properties"]["policy"]["enum"] == json({"round_robin", "least_connections"}));
  CHECK(pool["properties"]["policy"]["default"] == "round_robin");
  CHECK(pool["properties"]["fail_timeout"]["default"] == "10s");
  CHECK(pool["properties"]["keepalive"]["default"] == Pool{}.keepalive);
  CHECK(pool["properties"]["backends"]["items"]["anyOf"][0]["type"] == "string");
  const json& limits = top["limits"]["properties"];
  CHECK(limits["head"]["default"] == "32KiB");
  CHECK(limits["body"]["default"] == "off");
  CHECK(limits["body"]["anyOf"][1]["enum"] == json({"off", 0}));
  CHECK(top["cache"]["properties"]["max_object"]["anyOf"][1] == json({{"const", "auto"}}));
  const json& timeouts = top["timeouts"]["properties"];
  CHECK(timeouts["send"]["default"] == "30s");
  CHECK(timeouts["send"]["type"] == "string");
  CHECK(timeouts["total"]["default"] == "off");
  CHECK(timeouts["total"]["anyOf"][1]["enum"] == json({"off", 0}));
  const json& redirect = object_of(top["routes"])["properties"]["redirect"]["properties"];
  CHECK(redirect["status"]["enum"] == json({301, 302, 303, 307, 308}));
  CHECK(redirect["status"]["default"] == Redirect{}.status);
}

TEST_CASE("schema: the reference describes every object", "[conf][schema]") {
  const std::string text = reference_markdown(2);
  CHECK(text.find("## Top level\n") == 0);
  CHECK(text.find("\n## `listeners[].tls.certificates[]`\n") != std::string::npos);
  CHECK(text.find("\n## `pools.NAME.backends[]`\n") != std::string::npos);
  CHECK(text.find("\n## `routes[].headers.response`\n\n| key |") != std::string::npos);
  CHECK(text.find("| `weight` | a whole number from 1 to 256 | `1` | Its share") !=
        std::string::npos);
  CHECK(text.find("| `pool` | a string | required | ") != std::string::npos);
  CHECK(text.find("| `total` | a duration from 1ms to 1d, or \"off\" | `\"off\"` | ") !=
        std::string::npos);
  CHECK(text.find("| `drain` | a duration from 1ms to 1d | `\"30s\"` | ") != std::string::npos);
  CHECK(reference_markdown().find("### Top level") == 0);
}

TEST_CASE("schema: a configuration prints without what is the default", "[conf][schema]") {
  Config config;
  CHECK(to_json(config) == "{}\n");
  config.listeners.push_back({":8080", "", {}});
  config.pools["a\"b"].backends = {{"h:1", 1}, {"h:2", 3}};
  config.routes.emplace_back().forward = Forward{"a\"b"};
  config.routes.emplace_back().respond.emplace();
  config.routes.back().match.paths = {"/x"};
  config.routes.back().replace_prefix = "";
  config.limits.body = 1;
  CHECK(to_json(config) == R"({
  "listeners": [{ "address": ":8080" }],
  "pools": { "a\"b": { "backends": ["h:1", { "address": "h:2", "weight": 3 }] } },
  "routes": [
    { "forward": { "pool": "a\"b" } },
    { "match": { "path": "/x" }, "respond": {}, "replace_prefix": "" }
  ],
  "limits": { "body": "1B" }
}
)");
}

}  // namespace
}  // namespace sluice::conf
