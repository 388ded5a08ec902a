// SPDX-License-Identifier: MIT
#include "conf/syntax_error.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "conf/positions.h"
#include "conf/suggest.h"
#include "conf/tokens.h"

namespace sluice::conf {
namespace {

using Kind = Token::Kind;

constexpr std::string_view kEscapes = "\"\\/bfnrtu";

// Follows the grammar from the last accepted place to the first token that does not fit.
class Explainer {
 public:
  Explainer(std::string_view text, const Accepted& accepted)
      : text_(text),
        accepted_(accepted),
        in_object_(!accepted.brackets.empty() && text[accepted.brackets.back()] == '{') {}

  Problem run() {
    const Token token = next_token(text_, accepted_.end);
    switch (accepted_.last) {
      case Accepted::Last::Nothing:
        return wrong_value(token);
      case Accepted::Last::OpenBracket:
        return in_object_ ? wrong_key(token) : wrong_value(token);
      case Accepted::Last::Key:
        return after_key(token);
      case Accepted::Last::Value:
        break;
    }
    return after_value(token);
  }

 private:
  std::string_view string_of(const Token& token) const {
    return text_.substr(token.offset, token.length);
  }

  bool is(const Token& token, std::string_view punctuation) const {
    return token.kind == Kind::Punctuation && string_of(token) == punctuation;
  }

  Problem problem(const Token& at, std::string message, std::string hint = {}) const {
    Problem out{at.offset, std::max<std::size_t>(at.length, 1), accepted_.path};
    out.message = std::move(message);
    out.hint = std::move(hint);
    return out;
  }

  std::string found(const Token& token) const {
    return token.kind == Kind::Other || token.kind == Kind::OpenComment
               ? fmt::format("found {}", in_quotes(string_of(token)))
               : fmt::format("found {}", string_of(token));
  }

  // Tokens that are wrong wherever they stand.
  bool hopeless(const Token& token) const {
    return token.kind == Kind::End || token.kind == Kind::OpenString ||
           token.kind == Kind::OpenComment || token.kind == Kind::Other;
  }

  Problem explain_hopeless(const Token& token) const {
    if (token.kind == Kind::End) return end_of_text();
    if (token.kind == Kind::OpenString) {
      return problem(token, "the string is not closed", "a closing \" is missing on this line");
    }
    if (token.kind == Kind::OpenComment) {
      return problem(token, "the comment is not closed", "a closing */ is missing");
    }
    const char c = text_[token.offset];
    std::string hint;
    if (c == '#' || c == ';' || c == '/') hint = "comments begin with //";
    if (c == '\'') hint = "strings stand in double quotes";
    if (c == '=') hint = "a key and its value are separated by \":\"";
    return problem(token, fmt::format("unexpected {}", in_quotes(string_of(token))),
                   std::move(hint));
  }

  // Placed behind the last character, where the missing one belongs.
  Problem end_of_text() const {
    const std::size_t last_character = text_.find_last_not_of(" \t\r\n");
    const Token behind{Kind::End, last_character == std::string_view::npos ? 0 : last_character + 1,
                       1};
    if (accepted_.last == Accepted::Last::Nothing) {
      return problem(behind, "there is no configuration here", "the smallest one is in the README");
    }
    const std::size_t open = accepted_.brackets.back();
    return problem(behind,
                   fmt::format("the text ends while {} still open",
                               accepted_.brackets.size() == 1
                                   ? std::string("a bracket is")
                                   : fmt::format("{} brackets are", accepted_.brackets.size())),
                   fmt::format("the {} of line {} is not closed", in_quotes(text_.substr(open, 1)),
                               Positions(text_).at(open).line));
  }

  Problem wrong_key(const Token& token) const {
    if (hopeless(token)) return explain_hopeless(token);
    if (token.kind == Kind::String) return wrong_string(token);
    std::string hint;
    if (token.kind == Kind::Word) hint = fmt::format("write {}", in_quotes(string_of(token)));
    return problem(token, fmt::format("expected a key in double quotes, {}", found(token)),
                   std::move(hint));
  }

  Problem after_key(const Token& colon) const {
    if (is(colon, ":")) return wrong_value(next_token(text_, colon.end()));
    if (hopeless(colon)) return explain_hopeless(colon);
    return problem(colon, fmt::format("expected \":\" after the key, {}", found(colon)));
  }

  Problem after_value(const Token& token) const {
    if (token.kind == Kind::OpenComment) return explain_hopeless(token);
    if (accepted_.brackets.empty()) {
      return problem(token, "unexpected text behind the end of the configuration",
                     "the whole configuration is one { ... }");
    }
    if (is(token, ",")) return after_comma(token);
    if (hopeless(token)) return explain_hopeless(token);
    const std::string_view closing = in_object_ ? "}" : "]";
    if (token.kind == Kind::Punctuation && !is(token, "{") && !is(token, "[")) {
      const std::size_t open = accepted_.brackets.back();
      return problem(token, fmt::format("expected \",\" or \"{}\", {}", closing, found(token)),
                     fmt::format("the {} of line {} is still open",
                                 in_quotes(text_.substr(open, 1)), Positions(text_).at(open).line));
    }
    if (token.kind == Kind::Word && token.offset == accepted_.end && is_word_at(token.offset - 1))
      return wrong_word(joined(token));
    const Token gap{Kind::Other, accepted_.end, 1};
    return problem(gap, fmt::format("expected \",\" or \"{}\"", closing),
                   "a comma is missing here");
  }

  bool is_word_at(std::size_t offset) const { return next_token(text_, offset).kind == Kind::Word; }

  // "5s" or "012": the parser took the front of it for a number.
  Token joined(Token word) const {
    while (word.offset > 0 && is_word_at(word.offset - 1)) {
      if (next_token(text_, word.offset - 1).offset != word.offset - 1) break;
      --word.offset;
      ++word.length;
    }
    return word;
  }

  Problem after_comma(const Token& comma) const {
    const Token token = next_token(text_, comma.end());
    if (is(token, "}") || is(token, "]")) {
      return problem(comma, fmt::format("trailing comma before {}", in_quotes(string_of(token))),
                     "remove this comma");
    }
    return in_object_ ? wrong_key(token) : wrong_value(token);
  }

  Problem wrong_value(const Token& token) const {
    if (hopeless(token)) return explain_hopeless(token);
    if (token.kind == Kind::String) return wrong_string(token);
    if (token.kind == Kind::Word) return wrong_word(token);
    return problem(token, fmt::format("expected a value, {}", found(token)));
  }

  Problem wrong_word(const Token& token) const {
    const std::string_view word = string_of(token);
    const bool numeric = word.find_first_of("0123456789") != std::string_view::npos &&
                         word.find_first_not_of("0123456789+-.eE") == std::string_view::npos;
    if (numeric) {
      return problem(token, fmt::format("{} is no JSON number", word),
                     "numbers here are whole, without + and leading zeros");
    }
    const std::string_view literal = nearest(word, {"true", "false", "null"});
    return problem(token, fmt::format("unexpected word {}", word),
                   literal.empty()
                       ? fmt::format("strings stand in double quotes: {}", in_quotes(word))
                       : fmt::format("did you mean {}?", literal));
  }

  // The token is closed, so the fault lies inside.
  Problem wrong_string(const Token& token) const {
    for (std::size_t i = token.offset + 1; i + 1 < token.end(); ++i) {
      if (static_cast<unsigned char>(text_[i]) < 0x20) {
        const Token at{Kind::Other, i, 1};
        return problem(at, "a control character stands in a string",
                       fmt::format("write {}", escape_of(text_[i])));
      }
      if (text_[i] != '\\') continue;
      const Token escape{Kind::Other, i, 2};
      if (kEscapes.find(text_[i + 1]) == std::string_view::npos) {
        return problem(escape, fmt::format("unknown escape {}", text_.substr(i, 2)),
                       "a backslash itself is written \\\\");
      }
      if (text_[i + 1] == 'u' && !is_hex(i + 2, token.end() - 1)) {
        return problem(escape, "\\u needs four hexadecimal digits");
      }
      ++i;
    }
    return problem(token, "the string is not valid UTF-8 or holds half of a surrogate pair");
  }

  bool is_hex(std::size_t from, std::size_t end) const {
    return from + 4 <= end && text_.substr(from, 4).find_first_not_of("0123456789abcdefABCDEF") ==
                                  std::string_view::npos;
  }

  static std::string escape_of(char c) {
    const std::string whole = in_quotes(std::string_view(&c, 1));
    return whole.substr(1, whole.size() - 2);
  }

  std::string_view text_;
  const Accepted& accepted_;
  bool in_object_;
};

}  // namespace

Problem explain_syntax_error(std::string_view text, const Accepted& accepted) {
  return Explainer(text, accepted).run();
}

}  // namespace sluice::conf
