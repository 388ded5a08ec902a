// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "conf/fields.h"
#include "conf/schema.h"
#include "conf/spec_text.h"

namespace sluice::conf {
namespace {

// A "|" would end the cell.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

// All sections.
class Book {
 public:
  explicit Book(int level) : level_(level) {}

  template <typename T>
  void section(const std::string& path);

  std::string take() { return std::move(text_); }

 private:
  std::string heading() const { return std::string(static_cast<std::size_t>(level_), '#'); }

  int level_;
  std::string text_;
};

// Visitor of the table, called with a default-constructed object: writes one section's rows and
// keeps the objects inside it for later.
class SectionPrinter {
 public:
  SectionPrinter(Book& book, std::string prefix) : book_(book), prefix_(std::move(prefix)) {}

  template <typename M, typename S>
  void key(std::string_view name, const M& member, const S& spec, std::string_view doc) {
    std::string standard = standing(member, spec);
    if constexpr (requires { spec.required; }) {
      if (spec.required) standard = "required";
    }
    rows_ += fmt::format("| `{}` | {} | {} | {} |\n", name, cell(describe(spec)), cell(standard),
                         cell(doc));
    inside(prefix_ + std::string(name), member, spec);
  }

  const std::string& rows() const { return rows_; }
  void describe_inside() const {
    for (const auto& describe_one : inside_) describe_one();
  }

 private:
  template <typename M, typename S>
  static std::string standing(const M& member, const S& spec) {
    if constexpr (requires { literal(member, spec); }) {
      const std::string text = literal(member, spec);
      if (!text.empty() && text != "\"\"" && text != "[]" && text != "{}") {
        return fmt::format("`{}`", text);
      }
    }
    return {};
  }

  template <typename M, typename S>
  void inside(const std::string& /*path*/, const M& /*member*/, const S& /*spec*/) {}
  template <typename T>
  void inside(const std::string& path, const T& /*member*/, const Object& /*spec*/) {
    later<T>(path);
  }
  template <typename T>
  void inside(const std::string& path, const std::optional<T>& /*member*/, const Object& /*spec*/) {
    later<T>(path);
  }
  template <typename T>
  void inside(const std::string& path, const std::vector<T>& /*member*/, const Objects& /*spec*/) {
    later<T>(path + "[]");
  }
  template <typename T>
  void inside(const std::string& path, const std::map<std::string, T>& /*member*/,
              const NamedObjects& /*spec*/) {
    later<T>(path + ".NAME");
  }

  template <typename T>
  void later(const std::string& path) {
    inside_.emplace_back([&book = book_, path] { book.section<T>(path); });
  }

  Book& book_;
  std::string prefix_;
  std::string rows_;
  std::vector<std::function<void()>> inside_;
};

template <typename T>
void Book::section(const std::string& path) {
  const std::string title = path.empty() ? "Top level" : fmt::format("`{}`", path);
  text_ += fmt::format("{}{} {}\n\n", text_.empty() ? "" : "\n", heading(), title);
  const T defaults{};
  SectionPrinter printer(*this, path.empty() ? std::string() : path + ".");
  fields(printer, defaults);
  text_ += "| key | value | default | meaning |\n|---|---|---|---|\n" + printer.rows();
  printer.describe_inside();
}

}  // namespace

std::string reference_markdown(int level) {
  Book book(level);
  book.section<Config>({});
  return book.take();
}

}  // namespace sluice::conf
