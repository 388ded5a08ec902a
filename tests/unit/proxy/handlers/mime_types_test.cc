// SPDX-License-Identifier: MIT
#include "proxy/handlers/mime_types.h"

#include <catch2/catch.hpp>
#include <string>

namespace sluice::handlers {

TEST_CASE("mime types: by the end of the name, whatever its case", "[handlers][mime_types]") {
  CHECK(MimeTypes().of("a/index.html").name == "text/html; charset=utf-8");
  CHECK(MimeTypes().of("INDEX.HTML").name == "text/html; charset=utf-8");
  CHECK(MimeTypes().of("x.min.js").name == "text/javascript; charset=utf-8");
  CHECK(MimeTypes().of("font.woff2").name == "font/woff2");
  CHECK(MimeTypes().of("app.webmanifest").name == "application/manifest+json");
  CHECK(MimeTypes().of("7z.7z").name == "application/x-7z-compressed");
  CHECK(MimeTypes().of("subtitles.vtt").name == "text/vtt; charset=utf-8");
  CHECK(MimeTypes().of("clip.MOV").name == "video/quicktime");
  for (const char* name : {"", "html", ".", "a.", "a.htmlx", "a.averyverylongextension", "a.b/c"}) {
    CAPTURE(name);
    CHECK(MimeTypes().of(name).name == "application/octet-stream");
  }
  CHECK(MimeTypes().of("a.svg").compressible);
  CHECK_FALSE(MimeTypes().of("a.png").compressible);
}

TEST_CASE("mime types: the operator's stand before those that are known",
          "[handlers][mime_types]") {
  const MimeTypes types({{"js", "application/javascript"}, {"png", "image/x-png"}, {"own", "a/b"}});
  CHECK(types.of("a.JS").name == "application/javascript");
  CHECK(types.of("a.js").compressible);
  CHECK_FALSE(types.of("a.png").compressible);
  CHECK(types.of("a.own").name == "a/b");
  CHECK(types.of("a.own").compressible);
  CHECK(types.of("a.css").name == "text/css; charset=utf-8");
  CHECK(types.identity() != MimeTypes().identity());
}

}  // namespace sluice::handlers
