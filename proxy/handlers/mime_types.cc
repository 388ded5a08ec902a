// SPDX-License-Identifier: MIT
#include "proxy/handlers/mime_types.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "proxy/http/chars.h"

namespace sluice::handlers {

namespace {

struct Row {
  std::string_view extension;  // in lower case
  MimeType type;
};

// Sorted by extension. The names are those that IANA has; text is UTF-8.
constexpr std::array kRows = {
    Row{"3gp", {"video/3gpp"}},
    Row{"7z", {"application/x-7z-compressed"}},
    Row{"aac", {"audio/aac"}},
    Row{"apng", {"image/apng"}},
    Row{"atom", {"application/atom+xml", true}},
    Row{"avi", {"video/x-msvideo"}},
    Row{"avif", {"image/avif"}},
    Row{"bin", {"application/octet-stream"}},
    Row{"bmp", {"image/bmp", true}},
    Row{"br", {"application/octet-stream"}},
    Row{"bz2", {"application/x-bzip2"}},
    Row{"cjs", {"text/javascript; charset=utf-8", true}},
    Row{"crt", {"application/x-x509-ca-cert", true}},
    Row{"css", {"text/css; charset=utf-8", true}},
    Row{"csv", {"text/csv; charset=utf-8", true}},
    Row{"der", {"application/x-x509-ca-cert"}},
    Row{"doc", {"application/msword"}},
    Row{"docx", {"application/vnd.openxmlformats-officedocument.wordprocessingml.document"}},
    Row{"eot", {"application/vnd.ms-fontobject", true}},
    Row{"eps", {"application/postscript", true}},
    Row{"epub", {"application/epub+zip"}},
    Row{"flac", {"audio/flac"}},
    Row{"geojson", {"application/geo+json", true}},
    Row{"gif", {"image/gif"}},
    Row{"glb", {"model/gltf-binary", true}},
    Row{"gltf", {"model/gltf+json", true}},
    Row{"gz", {"application/gzip"}},
    Row{"heic", {"image/heic"}},
    Row{"heif", {"image/heif"}},
    Row{"htm", {"text/html; charset=utf-8", true}},
    Row{"html", {"text/html; charset=utf-8", true}},
    Row{"ico", {"image/vnd.microsoft.icon", true}},
    Row{"ics", {"text/calendar; charset=utf-8", true}},
    Row{"jar", {"application/java-archive"}},
    Row{"jpeg", {"image/jpeg"}},
    Row{"jpg", {"image/jpeg"}},
    Row{"js", {"text/javascript; charset=utf-8", true}},
    Row{"json", {"application/json", true}},
    Row{"jsonld", {"application/ld+json", true}},
    Row{"jxl", {"image/jxl"}},
    Row{"kml", {"application/vnd.google-earth.kml+xml", true}},
    Row{"kmz", {"application/vnd.google-earth.kmz"}},
    Row{"log", {"text/plain; charset=utf-8", true}},
    Row{"m3u8", {"application/vnd.apple.mpegurl", true}},
    Row{"m4a", {"audio/mp4"}},
    Row{"m4v", {"video/mp4"}},
    Row{"map", {"application/json", true}},
    Row{"md", {"text/markdown; charset=utf-8", true}},
    Row{"mid", {"audio/midi", true}},
    Row{"midi", {"audio/midi", true}},
    Row{"mjs", {"text/javascript; charset=utf-8", true}},
    Row{"mkv", {"video/matroska"}},
    Row{"mov", {"video/quicktime"}},
    Row{"mp3", {"audio/mpeg"}},
    Row{"mp4", {"video/mp4"}},
    Row{"mpd", {"application/dash+xml", true}},
    Row{"mpeg", {"video/mpeg"}},
    Row{"mpg", {"video/mpeg"}},
    Row{"odp", {"application/vnd.oasis.opendocument.presentation"}},
    Row{"ods", {"application/vnd.oasis.opendocument.spreadsheet"}},
    Row{"odt", {"application/vnd.oasis.opendocument.text"}},
    Row{"oga", {"audio/ogg"}},
    Row{"ogg", {"audio/ogg"}},
    Row{"ogv", {"video/ogg"}},
    Row{"opus", {"audio/ogg"}},
    Row{"otf", {"font/otf", true}},
    Row{"pdf", {"application/pdf"}},
    Row{"pem", {"application/x-x509-ca-cert", true}},
    Row{"png", {"image/png"}},
    Row{"ppt", {"application/vnd.ms-powerpoint"}},
    Row{"pptx", {"application/vnd.openxmlformats-officedocument.presentationml.presentation"}},
    Row{"ps", {"application/postscript", true}},
    Row{"rar", {"application/vnd.rar"}},
    Row{"rss", {"application/rss+xml", true}},
    Row{"rtf", {"application/rtf", true}},
    Row{"svg", {"image/svg+xml", true}},
    Row{"tar", {"application/x-tar", true}},
    Row{"tgz", {"application/gzip"}},
    Row{"tif", {"image/tiff"}},
    Row{"tiff", {"image/tiff"}},
    Row{"toml", {"application/toml", true}},
    Row{"ts", {"video/mp2t"}},
    Row{"ttc", {"font/collection", true}},
    Row{"ttf", {"font/ttf", true}},
    Row{"txt", {"text/plain; charset=utf-8", true}},
    Row{"usdz", {"model/vnd.usdz+zip"}},
    Row{"vcf", {"text/vcard; charset=utf-8", true}},
    Row{"vtt", {"text/vtt; charset=utf-8", true}},
    Row{"wasm", {"application/wasm", true}},
    Row{"wav", {"audio/wav"}},
    Row{"weba", {"audio/webm"}},
    Row{"webm", {"video/webm"}},
    Row{"webmanifest", {"application/manifest+json", true}},
    Row{"webp", {"image/webp"}},
    Row{"woff", {"font/woff"}},
    Row{"woff2", {"font/woff2"}},
    Row{"xhtml", {"application/xhtml+xml", true}},
    Row{"xls", {"application/vnd.ms-excel"}},
    Row{"xlsx", {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}},
    Row{"xml", {"application/xml", true}},
    Row{"xsl", {"application/xslt+xml", true}},
    Row{"xslt", {"application/xslt+xml", true}},
    Row{"xz", {"application/x-xz"}},
    Row{"yaml", {"application/yaml", true}},
    Row{"yml", {"application/yaml", true}},
    Row{"zip", {"application/zip"}},
    Row{"zst", {"application/zstd"}},
};

constexpr bool by_extension(const Row& a, const Row& b) {
  return a.extension < b.extension;
}
static_assert(std::is_sorted(kRows.begin(), kRows.end(), by_extension));

constexpr MimeType kUnknown{"application/octet-stream"};

// In lower case.
std::string extension_of(std::string_view file_name) {
  const std::size_t dot = file_name.rfind('.');
  std::string extension(dot == std::string_view::npos ? "" : file_name.substr(dot + 1));
  for (char& c : extension) c = http::to_lower(c);
  return extension;
}

MimeType look_up(std::string_view extension) {
  const Row wanted{extension, {}};
  const Row* const end = kRows.data() + kRows.size();
  const Row* const row = std::lower_bound(kRows.data(), end, wanted, by_extension);
  return row != end && row->extension == extension ? row->type : kUnknown;
}

}  // namespace

// What is the operator's alone may be a text.
MimeType MimeTypes::of(std::string_view file_name) const {
  const std::string extension = extension_of(file_name);
  const MimeType known = look_up(extension);
  const auto own = own_.find(extension);
  if (own == own_.end()) return known;
  return {own->second, known.compressible || known.name == kUnknown.name};
}

std::string MimeTypes::identity() const {
  std::string text;
  for (const auto& [extension, type] : own_) {
    text.append(extension).append("\t").append(type).append("\t");
  }
  return text;
}

}  // namespace sluice::handlers
