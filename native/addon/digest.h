#pragma once

#include <string>

#include "sha256.h"

namespace shale {

// sha256 of a stream, as `sha256:<hex>`.
class Digester {
 public:
  Digester() { shale_sha256_init(&state_); }
  void update(const void* bytes, size_t length) { shale_sha256_update(&state_, bytes, length); }
  std::string finish() {
    uint8_t digest[32];
    shale_sha256_final(&state_, digest);
    static const char* hex = "0123456789abcdef";
    std::string text = "sha256:";
    for (uint8_t byte : digest) text += {hex[byte >> 4], hex[byte & 15]};
    return text;
  }

 private:
  shale_sha256 state_;
};

}  // namespace shale
