// What goes wrong off the main thread, on its way to a ShaleError.
#pragma once

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <string>

namespace shale {

// `code` as in lib/util/errors.ts; `path` (raw bytes) names the entry or file; `error` is an errno or 0.
struct Failure {
  std::string code;
  std::string message;
  std::string path;
  int error = 0;
};

// A system call that failed. ENOSPC and EDQUOT keep codes of their own, because the person can do something about them.
[[noreturn]] inline void fail_errno(const char* what, const std::string& path, int error = errno) {
  const char* code = error == ENOSPC || error == EDQUOT ? "LAYER_DISK_FULL" : "LAYER_IO";
  throw Failure{code, what, path, error};
}

[[noreturn]] inline void fail(const char* code, const char* message, const std::string& path = "") {
  throw Failure{code, message, path, 0};
}

// Set by an AbortSignal on the main thread, looked at between pieces of work.
class Cancel {
 public:
  explicit Cancel(const int32_t* flag = nullptr) : flag_(flag) {}
  void check() const {
    if (stopped_.load(std::memory_order_relaxed) || (flag_ && __atomic_load_n(flag_, __ATOMIC_RELAXED) != 0)) {
      fail("LAYER_ABORTED", "the operation was aborted");
    }
  }
  // The environment that started the work is going away.
  void stop() { stopped_ = true; }

 private:
  const int32_t* flag_;
  std::atomic<bool> stopped_{false};
};

}  // namespace shale
