// SPDX-License-Identifier: MIT
// What the table in conf/fields.h can print: a configuration as a file, the JSON Schema for
// editors, and the reference for people.
#pragma once

#include <string>

#include "conf/config.h"

namespace sluice::conf {

// The file that `config` stands for, ending with a line feed. What has its default is left out.
// Loading it gives an equal Config, if `config` is a valid one.
std::string to_json(const Config& config);

// JSON Schema (draft-07) of the whole file. Rules across fields are beyond it.
std::string json_schema();

// One Markdown table per object, each key with what may stand there and its default. `level` is
// that of the headings: 3 begins them with "###".
std::string reference_markdown(int level = 3);

}  // namespace sluice::conf
