#pragma once

#include <napi.h>

namespace shale {

// sha256, sha256Many, sha256Init, sha256Update, sha256Digest
void register_hashes(Napi::Env env, Napi::Object exports);

}  // namespace shale
