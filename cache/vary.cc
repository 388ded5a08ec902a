// SPDX-License-Identifier: MIT
#include "cache/vary.h"

#include <algorithm>
#include <iterator>

#include "cache/tokens.h"

namespace sluice::cache {

namespace {

// Of an Accept-Encoding with more members the order counts.
constexpr std::size_t kCodingsMax = 32;

// Between the lines of a field that is no list; no value has it.
constexpr char kLineEnd = '\x01';

// As names are compared: without regard to case.
bool before(std::string_view a, std::string_view b) {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                      [](char x, char y) { return to_lower(x) < to_lower(y); });
}

// Takes what is before the next `separator`, without the blanks around it.
std::string_view take_until(std::string_view& rest, char separator) {
  const std::size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view piece = trim(rest.substr(0, end));
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return piece;
}

// Keeps `items` sorted and each of them once; false when there is no room for a new one.
template <typename T, std::size_t kMax, typename Before, typename Same>
bool add_sorted(std::array<T, kMax>& items, std::size_t& count, const T& item, Before before_item,
                Same same_item) {
  T* const end = items.data() + count;
  T* const at = std::lower_bound(items.data(), end, item, before_item);
  if (at != end && same_item(*at, item)) return true;
  if (count == kMax) return false;
  std::move_backward(at, end, end + 1);
  *at = item;
  ++count;
  return true;
}

// Writes to the caller's memory as far as it goes.
class Writer {
 public:
  explicit Writer(std::span<char> out) : out_(out) {}

  void put(char c) {
    if (size_ < out_.size()) out_[size_] = c;
    ++size_;
  }
  void put(std::string_view text) {
    for (const char c : text) put(to_lower(c));
  }
  // Blanks at the end go, but not those from before keep().
  void drop_blanks() {
    while (size_ <= out_.size() && size_ > kept_ && is_blank(out_[size_ - 1])) --size_;
  }
  void keep() { kept_ = size_; }
  std::optional<std::size_t> size() const {
    return size_ <= out_.size() ? std::optional(size_) : std::nullopt;
  }

 private:
  std::span<char> out_;
  std::size_t size_ = 0;
  std::size_t kept_ = 0;
};

// The lines as the one list that they are, byte by byte.
class ListCopy {
 public:
  ListCopy(std::span<char> out, bool fold) : writer_(out), fold_(fold) {}

  void put(char c) {
    if (quoted_) {
      put_quoted(c);
    } else if (c == ',') {
      writer_.drop_blanks();
      writer_.put(c);
      after_comma_ = true;
    } else if (!is_blank(c) || !after_comma_) {
      put_plain(c);
    }
  }

  std::optional<std::size_t> finish() {
    writer_.drop_blanks();
    return writer_.size();
  }

 private:
  void put_plain(char c) {
    after_comma_ = false;
    quoted_ = c == '"';
    writer_.put(fold_ ? to_lower(c) : c);
  }

  void put_quoted(char c) {
    if (c == '"' && !escaped_) quoted_ = false;
    escaped_ = c == '\\' && !escaped_;
    writer_.put(fold_ ? to_lower(c) : c);
    writer_.keep();
  }

  Writer writer_;
  bool fold_;
  bool after_comma_ = true;
  bool quoted_ = false;
  bool escaped_ = false;
};

std::optional<std::size_t> copy_list(std::span<const std::string_view> values, bool fold,
                                     std::span<char> out) {
  ListCopy copy(out, fold);
  bool first = true;
  for (const std::string_view value : values) {
    if (!first) copy.put(',');
    first = false;
    for (const char c : value) copy.put(c);
  }
  return copy.finish();
}

// A member of Accept-Encoding: "gzip", and what of its parameters has a meaning.
struct Coding {
  std::string_view name;
  std::string_view weight;      // "0.5"; empty: 1
  std::string_view parameters;  // as sent, where they are not one weight
};

bool same_coding(const Coding& a, const Coding& b) {
  return same_name(a.name, b.name) && same_name(a.weight, b.weight) &&
         same_name(a.parameters, b.parameters);
}

bool coding_before(const Coding& a, const Coding& b) {
  if (!same_name(a.name, b.name)) return before(a.name, b.name);
  if (!same_name(a.weight, b.weight)) return before(a.weight, b.weight);
  return before(a.parameters, b.parameters);
}

// RFC 9110 12.4.2: at most three decimals; 0 or 1 and nothing between the two but decimals.
bool is_weight(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return false;
  if (text.size() > 1 && text[1] != '.') return false;
  const char last = text[0] == '0' ? '9' : '0';
  return std::all_of(text.begin() + std::min<std::ptrdiff_t>(2, std::ssize(text)), text.end(),
                     [last](char c) { return c >= '0' && c <= last; });
}

std::string_view shortest_weight(std::string_view text) {
  if (text.size() > 1) {
    while (text.ends_with('0')) text.remove_suffix(1);
    if (text.ends_with('.')) text.remove_suffix(1);
  }
  return text == "1" ? std::string_view() : text;
}

Coding read_coding(std::string_view member) {
  Coding coding;
  coding.name = take_until(member, ';');
  coding.parameters = trim(member);
  std::string_view rest = member;
  const std::string_view key = take_until(rest, '=');
  const std::string_view value = trim(rest);
  if (!same_name(key, "q") || !is_weight(value)) return coding;
  coding.parameters = {};
  coding.weight = shortest_weight(value);
  return coding;
}

std::optional<std::size_t> write_codings(std::span<const Coding> codings, std::span<char> out) {
  Writer writer(out);
  bool first = true;
  for (const Coding& coding : codings) {
    if (!first) writer.put(',');
    first = false;
    writer.put(coding.name);
    if (!coding.weight.empty()) writer.put(";q=");
    writer.put(coding.weight);
    if (!coding.parameters.empty()) writer.put(';');
    writer.put(coding.parameters);
  }
  return writer.size();
}

std::optional<std::size_t> sort_codings(std::span<const std::string_view> values,
                                        std::span<char> out) {
  std::array<Coding, kCodingsMax> codings;
  std::size_t count = 0;
  for (std::string_view rest : values) {
    while (!rest.empty()) {
      const Coding coding = read_coding(take_until(rest, ','));
      if (same_coding(coding, {})) continue;
      if (!add_sorted(codings, count, coding, coding_before, same_coding)) {
        return copy_list(values, true, out);
      }
    }
  }
  return write_codings(std::span(codings).first(count), out);
}

// Fields that are no lists: a comma, and the blanks beside it, are part of the value.
bool is_single(std::string_view name) {
  constexpr std::string_view kSingle[] = {
      "accept-datetime", "authorization",       "cookie",  "from",      "host",
      "origin",          "proxy-authorization", "referer", "user-agent"};
  return std::find(std::begin(kSingle), std::end(kSingle), name) != std::end(kSingle);
}

std::optional<std::size_t> copy_lines(std::span<const std::string_view> values,
                                      std::span<char> out) {
  Writer writer(out);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) writer.put(kLineEnd);
    for (const char c : values[i]) writer.put(c);
  }
  return writer.size();
}

bool is_told_anew(std::string_view name) {
  return std::any_of(conf::kToldAnew.begin(), conf::kToldAnew.end(),
                     [name](std::string_view told) { return same_name(told, name); });
}

}  // namespace

VaryNames::VaryNames(std::span<const std::string_view> field_values) {
  std::array<std::string_view, kVaryNamesMax> names;
  std::size_t count = 0;
  std::size_t bytes = 0;
  for (std::string_view rest : field_values) {
    while (!rest.empty()) {
      const std::string_view name = take_until(rest, ',');
      if (name.empty()) continue;
      if (name == "*" || !is_token(name) || is_told_anew(name)) {
        kind_ = Kind::All;
        return;
      }
      if (!add_sorted(names, count, name, before, same_name)) kind_ = Kind::TooLong;
    }
  }
  for (std::size_t i = 0; i < count; ++i) bytes += names[i].size() + 1;
  if (bytes > kVaryBytesMax) kind_ = Kind::TooLong;
  if (kind_ == Kind::None) write({names.data(), count});
}

void VaryNames::write(std::span<const std::string_view> names) {
  for (const std::string_view name : names) {
    if (size_ > 0) text_[size_++] = ',';
    for (const char c : name) text_[size_++] = to_lower(c);
  }
  if (size_ > 0) kind_ = Kind::Names;
}

bool VaryNameReader::next(std::string_view& name) {
  if (rest_.empty()) return false;
  name = take_until(rest_, ',');
  return true;
}

std::optional<std::size_t> normalise_vary_value(std::string_view name,
                                                std::span<const std::string_view> values,
                                                std::span<char> out) {
  if (values.empty()) {
    Writer writer(out);
    writer.put(kVaryAbsent[0]);
    return writer.size();
  }
  if (name == "accept-encoding") return sort_codings(values, out);
  if (is_single(name)) return copy_lines(values, out);
  return copy_list(values, name == "accept-language", out);
}

bool matches_vary_value(std::string_view name, std::string_view stored,
                        std::span<const std::string_view> values, std::span<char> scratch) {
  // Normalised is what stays as it is, so that equal bytes need no second look.
  if (values.size() == 1 && values[0] == stored) return true;
  if (values.empty()) return stored == kVaryAbsent;
  const auto size = normalise_vary_value(name, values, scratch);
  return size && std::string_view(scratch.data(), *size) == stored;
}

}  // namespace sluice::cache
