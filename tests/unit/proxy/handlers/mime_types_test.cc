// SPDX-License-Identifier: MIT
#include "proxy/handlers/mime_types.h"

#include <catch2/catch.hpp>
#include <string>

namespace sluice::handlers {

TEST_CASE("mime types: by the end of the name, whatever its case", "[handlers][mime_types]") {
  CHECK(mime_type_of("a/index.html").name == "text/html; charset=utf-8");
  CHECK(mime_type_of("INDEX.HTML").name == "text/html; charset=utf-8");
  CHECK(mime_type_of("x.min.js").name == "text/javascript; charset=utf-8");
  CHECK(mime_type_of("font.woff2").name == "font/woff2");
  CHECK(mime_type_of("app.webmanifest").name == "application/manifest+json");
  CHECK(mime_type_of("7z.7z").name == "application/x-7z-compressed");
  CHECK(mime_type_of("subtitles.vtt").name == "text/vtt; charset=utf-8");
  CHECK(mime_type_of("clip.MOV").name == "video/quicktime");
  for (const char* name : {"", "html", ".", "a.", "a.htmlx", "a.averyverylongextension", "a.b/c"}) {
    CAPTURE(name);
    CHECK(mime_type_of(name).name == "application/octet-stream");
  }
  CHECK(mime_type_of("a.svg").compressible);
  CHECK_FALSE(mime_type_of("a.png").compressible);
}

}  // namespace sluice::handlers
