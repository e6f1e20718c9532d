// One asynchronous operation: a thread of its own, a promise, and a flag that stops it.
#pragma once

#include <napi.h>

#include <functional>
#include <memory>

#include "failure.h"

namespace shale {

// Turns a result into a JavaScript value, on the main thread.
using Finish = std::function<Napi::Value(Napi::Env)>;
// The work itself, off the main thread.
using Work = std::function<Finish(const Cancel&)>;

// Starts `work` and returns its promise. `flag` is an Int32Array whose first element aborts when it is not 0, or undefined.
// When the environment ends (a worker thread exits), running operations are stopped and waited for.
Napi::Value start(Napi::Env env, Napi::Value flag, Work work);

// An Error with `code`, `path` (Buffer) and `errno` for lib/layer/native.ts to make a LayerError of.
Napi::Error to_error(Napi::Env env, const Failure& failure);

}  // namespace shale
