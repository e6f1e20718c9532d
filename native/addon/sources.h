// The entries that JavaScript asks for, as items.
#pragma once

#include <string>
#include <vector>

#include "walk.h"

namespace shale {

// Decodes what encodeSources() of lib/layer/codec.ts gave, checks every path and sorts.
std::vector<Item> decode_sources(const std::string& encoded);

}  // namespace shale
