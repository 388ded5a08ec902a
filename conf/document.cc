// SPDX-License-Identifier: MIT
#include "conf/document.h"

#include <fmt/format.h>

#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <unordered_set>
#include <utility>

#include "conf/syntax_error.h"
#include "conf/tokens.h"

namespace sluice::conf {
namespace {

using nlohmann::json;

// Tells through `consumed` how far the lexer has read. It may be one byte ahead of the token it
// reports (a number ends at what follows it), so only the ends of other tokens are taken from it.
class CountingIterator {
 public:
  // NOLINTBEGIN(readability-identifier-naming): std::iterator_traits' names
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;
  // NOLINTEND(readability-identifier-naming)

  CountingIterator(const char* at, const char** consumed) : at_(at), consumed_(consumed) {}

  reference operator*() const { return *at_; }
  CountingIterator& operator++() {
    *consumed_ = ++at_;
    return *this;
  }
  CountingIterator operator++(int) {
    CountingIterator before = *this;
    ++*this;
    return before;
  }
  bool operator==(const CountingIterator& other) const { return at_ == other.at_; }
  bool operator!=(const CountingIterator& other) const { return at_ != other.at_; }

 private:
  const char* at_;
  const char** consumed_;  // borrowed from TreeBuilder's maker
};

// Builds the tree bottom-up: `open_` holds the containers being read, the innermost last, and each
// moves into the one around it when it ends.
class TreeBuilder final : public nlohmann::json_sax<json> {
 public:
  TreeBuilder(std::string_view text, const char* const* consumed, Problems* problems)
      : text_(text), consumed_(consumed), problems_(problems) {}

  bool null() override { return scalar({}); }
  bool boolean(bool value) override {
    Node node;
    node.kind = Node::Kind::Boolean;
    node.boolean = value;
    return scalar(std::move(node));
  }
  bool number_integer(number_integer_t value) override {
    Node node;
    node.kind = Node::Kind::Integer;
    node.integer = value;
    return scalar(std::move(node));
  }
  bool number_unsigned(number_unsigned_t value) override {
    if (value > number_unsigned_t{std::numeric_limits<std::int64_t>::max()}) {
      return number_float(0, {});
    }
    return number_integer(static_cast<number_integer_t>(value));
  }
  bool number_float(number_float_t /*value*/, const string_t& /*text*/) override {
    Node node;
    node.kind = Node::Kind::Number;
    return scalar(std::move(node));
  }
  bool string(string_t& value) override {
    Node node;
    node.kind = Node::Kind::String;
    node.text = std::move(value);
    return scalar(std::move(node));
  }
  bool binary(binary_t& /*value*/) override { return false; }  // no JSON text holds one

  bool start_object(std::size_t /*size*/) override { return start(Node::Kind::Object); }
  bool start_array(std::size_t /*size*/) override { return start(Node::Kind::Array); }
  bool end_object() override { return end(); }
  bool end_array() override { return end(); }
  bool key(string_t& name) override;
  bool parse_error(std::size_t position, const std::string& token,
                   const json::exception& error) override;

  std::size_t accepted_end() const { return accepted_end_; }
  Node take_root() { return std::move(root_); }

 private:
  struct Container {
    Node node;
    std::unordered_set<std::string> keys;
    Node pending;  // key of the member whose value comes next
    bool repeated = false;
  };

  // The next value or key begins behind the punctuation that follows what was accepted last.
  Token behind_punctuation() const {
    Token token = next_token(text_, accepted_end_);
    while (token.kind == Token::Kind::Punctuation &&
           (text_[token.offset] == ',' || text_[token.offset] == ':')) {
      token = next_token(text_, token.end());
    }
    return token;
  }

  std::size_t read_so_far() const { return static_cast<std::size_t>(*consumed_ - text_.data()); }

  void accept(Accepted::Last last, std::size_t end_offset) {
    last_ = last;
    accepted_end_ = end_offset;
  }

  bool scalar(Node node);
  bool start(Node::Kind kind);
  bool end();
  void attach(Node node);
  void report_repeated(const Node& again);
  Path path_inside() const;

  std::string_view text_;
  const char* const* consumed_;  // borrowed, as text_ and problems_, for the time of the parse
  Problems* problems_;
  std::vector<Container> open_;
  Node root_;
  Accepted::Last last_ = Accepted::Last::Nothing;
  std::size_t accepted_end_ = 0;
};

bool TreeBuilder::scalar(Node node) {
  Token token = behind_punctuation();
  // "5s" is the number 5 and then a word. The lexer has read one byte behind a number, unless that
  // was the end of the text.
  const bool is_number = node.kind == Node::Kind::Integer || node.kind == Node::Kind::Number;
  if (is_number && read_so_far() <= token.end() && read_so_far() < text_.size()) {
    token.length = read_so_far() - 1 - token.offset;
  }
  node.offset = token.offset;
  node.length = token.length;
  accept(Accepted::Last::Value, token.end());
  attach(std::move(node));
  return true;
}

bool TreeBuilder::start(Node::Kind kind) {
  const Token token = behind_punctuation();
  if (open_.size() == kDeepest) {
    Problem problem{token.offset, 1, path_inside()};
    problem.message = fmt::format("brackets are nested more than {} deep", kDeepest);
    problems_->add(std::move(problem));
    return false;
  }
  Container container;
  container.node.kind = kind;
  container.node.offset = token.offset;
  accept(Accepted::Last::OpenBracket, token.end());
  open_.push_back(std::move(container));
  return true;
}

bool TreeBuilder::end() {
  Node node = std::move(open_.back().node);
  open_.pop_back();
  node.length = read_so_far() - node.offset;
  accept(Accepted::Last::Value, read_so_far());
  attach(std::move(node));
  return true;
}

void TreeBuilder::attach(Node node) {
  if (open_.empty()) {
    root_ = std::move(node);
    return;
  }
  Container& parent = open_.back();
  if (parent.node.kind == Node::Kind::Object) {
    node.key = std::move(parent.pending.key);
    node.key_offset = parent.pending.key_offset;
    node.key_length = parent.pending.key_length;
    if (parent.repeated) return;
  }
  parent.node.children.push_back(std::move(node));
}

bool TreeBuilder::key(string_t& name) {
  const Token token = behind_punctuation();
  accept(Accepted::Last::Key, token.end());
  Container& parent = open_.back();
  parent.pending.key = name;
  parent.pending.key_offset = token.offset;
  parent.pending.key_length = token.length;
  parent.repeated = !parent.keys.insert(name).second;
  if (parent.repeated) report_repeated(parent.pending);
  return true;
}

void TreeBuilder::report_repeated(const Node& again) {
  Problem problem{again.key_offset, again.key_length, path_inside()};
  problem.message = fmt::format("duplicate key {}", in_quotes(again.key));
  if (const Node* first = open_.back().node.find(again.key)) problem.earlier = first->key_offset;
  problems_->add(std::move(problem));
}

// The place where the next value would stand.
Path TreeBuilder::path_inside() const {
  Path path;
  for (const Container& container : open_) {
    if (container.node.kind == Node::Kind::Object) {
      if (!container.pending.key.empty()) path = path.at(container.pending.key);
    } else {
      path = path.at(container.node.children.size());
    }
  }
  return path;
}

bool TreeBuilder::parse_error(std::size_t /*position*/, const std::string& /*token*/,
                              const json::exception& /*error*/) {
  Accepted accepted;
  accepted.last = last_;
  accepted.end = accepted_end_;
  for (const Container& container : open_) accepted.brackets.push_back(container.node.offset);
  accepted.path = path_inside();
  problems_->add(explain_syntax_error(text_, accepted));
  return false;
}

}  // namespace

const Node* Node::find(std::string_view name) const {
  for (const Node& child : children) {
    if (child.key == name) return &child;
  }
  return nullptr;
}

std::string_view article_and_kind(Node::Kind kind) {
  switch (kind) {
    case Node::Kind::Null:
      return "null";
    case Node::Kind::Boolean:
      return "a boolean";
    case Node::Kind::Integer:
    case Node::Kind::Number:
      return "a number";
    case Node::Kind::String:
      return "a string";
    case Node::Kind::Array:
      return "an array";
    case Node::Kind::Object:
      break;
  }
  return "an object";
}

std::optional<Node> parse_document(std::string_view text, Problems& problems) {
  const char* consumed = text.data();
  TreeBuilder builder(text, &consumed, &problems);
  const CountingIterator first(text.data(), &consumed);
  const CountingIterator last(text.data() + text.size(), &consumed);
  constexpr bool kStrict = true;
  constexpr bool kIgnoreComments = true;
  if (!json::sax_parse(first, last, &builder, json::input_format_t::json, kStrict,
                       kIgnoreComments)) {
    return std::nullopt;
  }
  // The lexer takes a NUL byte for the end of the text.
  const Token rest = next_token(text, builder.accepted_end());
  if (rest.kind != Token::Kind::End) {
    Accepted accepted;
    accepted.last = Accepted::Last::Value;
    accepted.end = builder.accepted_end();
    problems.add(explain_syntax_error(text, accepted));
    return std::nullopt;
  }
  return builder.take_root();
}

Problem problem_at_value(const Node& node, Path path) {
  if (node.kind != Node::Kind::Array && node.kind != Node::Kind::Object) {
    return {node.offset, node.length, std::move(path)};
  }
  return problem_at_key(node, std::move(path));
}

Problem problem_at_key(const Node& node, Path path) {
  if (node.key_length == 0) return {node.offset, 1, std::move(path)};
  return {node.key_offset, node.key_length, std::move(path)};
}

Found nearest(const Node& root, const Path& path) {
  const Node* node = &root;
  std::size_t steps = 0;
  for (const Path::Step& step : path.steps()) {
    const Node* next = nullptr;
    if (!step.is_index) {
      next = node->find(step.key);
    } else if (step.index < node->children.size()) {
      next = &node->children[step.index];
    }
    if (next == nullptr) break;
    node = next;
    ++steps;
  }
  return {*node, steps};
}

}  // namespace sluice::conf
