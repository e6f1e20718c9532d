// Digests of files: what contexts ask where they have not seen a file before.
#pragma once

#include <string>
#include <vector>

#include "failure.h"

namespace shale {

// sha256 of each file beneath `root`, 32 bytes each, in order.
std::string digest_files(const std::string& root, const std::vector<std::string>& paths, const Cancel& cancel);

}  // namespace shale
