// SPDX-License-Identifier: MIT
// The rules of a configuration that the table in conf/fields.h cannot state: syntax inside strings,
// references between parts, what excludes what. All that is wrong is found in one go.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "conf/config.h"
#include "conf/document.h"
#include "conf/problems.h"

namespace sluice::conf {

// Whether the two readable files are a certificate and its key: nothing, or a sentence about what
// is wrong. A parameter because only tls/ knows certificates.
using CertificateCheck = std::function<std::optional<std::string>(const Certificate&)>;

struct CheckOptions {
  bool read_files = true;  // whether the files that it names must exist here and be readable
  CertificateCheck certificate_check;  // called only for files that are; may be empty
};

// `config` was read from `root`; file paths in it are absolute. Places that `problems` calls
// doubtful are left alone.
void check_config(const Config& config, const Node& root, const CheckOptions& options,
                  Problems& problems);

}  // namespace sluice::conf
