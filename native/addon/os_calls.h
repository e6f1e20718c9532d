// System calls that Node lacks.
#pragma once

#include <napi.h>

namespace shale {

void register_os_calls(Napi::Env env, Napi::Object exports);

}  // namespace shale
