// SPDX-License-Identifier: MIT
// The fuzz targets: each takes any bytes at all and throws Broken when something that is promised
// for every input does not hold. Run by libFuzzer (entry.cc) and, over the committed corpus, by the
// test program (tests/unit/fuzz).
#pragma once

#include <string_view>

namespace sluice::fuzz {

void address(std::string_view bytes);
void body(std::string_view bytes);
void cache_control(std::string_view bytes);
void config(std::string_view bytes);
void date(std::string_view bytes);
void exchange(std::string_view bytes);
void fields(std::string_view bytes);
void ip_list(std::string_view bytes);
void jail_file(std::string_view bytes);
void log_line(std::string_view bytes);
void proxy_protocol(std::string_view bytes);
void request_head(std::string_view bytes);
void response_head(std::string_view bytes);
void route(std::string_view bytes);
void targeted_control(std::string_view bytes);
void units(std::string_view bytes);
void uri(std::string_view bytes);
void vary(std::string_view bytes);

struct Target {
  std::string_view name;  // of its file, <name>_fuzz.cc, and of its folder in corpus/
  void (*run)(std::string_view bytes);
};

inline constexpr Target kTargets[] = {
    {"address", address},
    {"body", body},
    {"cache_control", cache_control},
    {"config", config},
    {"date", date},
    {"exchange", exchange},
    {"fields", fields},
    {"ip_list", ip_list},
    {"jail_file", jail_file},
    {"log_line", log_line},
    {"proxy_protocol", proxy_protocol},
    {"request_head", request_head},
    {"response_head", response_head},
    {"route", route},
    {"targeted_control", targeted_control},
    {"units", units},
    {"uri", uri},
    {"vary", vary},
};

}  // namespace sluice::fuzz
