#include "os_calls.h"

#include <linux/fs.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <thread>

#include "file.h"
#include "operation.h"

namespace shale {

namespace {

std::string bytes_arg(const Napi::Value& value) {
  if (value.IsBuffer()) {
    auto buffer = value.As<Napi::Buffer<char>>();
    return std::string(buffer.Data(), buffer.Length());
  }
  return value.As<Napi::String>().Utf8Value();
}

// Errors of calls that answer at once: `code` is the errno's name there in lib/util/os.ts.
[[noreturn]] void throw_errno(Napi::Env env, const char* call, const std::string& path = "") {
  throw to_error(env, Failure{"OS_ERROR", call, path, errno});
}

Finish nothing() {
  return [](Napi::Env env) { return env.Undefined(); };
}

// flock(fd, operation, cancel): waits without holding a thread in the kernel, so that an abort is heard.
Napi::Value lock(const Napi::CallbackInfo& info) {
  int fd = info[0].As<Napi::Number>();
  int operation = info[1].As<Napi::Number>();
  return start(info.Env(), info[2], [fd, operation](const Cancel& cancel) {
    auto pause = std::chrono::milliseconds(1);
    while (::flock(fd, operation | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK && errno != EINTR) throw Failure{"OS_ERROR", "flock", "", errno};
      cancel.check();
      std::this_thread::sleep_for(pause);
      pause = std::min(pause * 2, std::chrono::milliseconds(50));
    }
    return nothing();
  });
}

// tryLock(fd, operation): true when it was got.
Napi::Value try_lock(const Napi::CallbackInfo& info) {
  int fd = info[0].As<Napi::Number>();
  int operation = info[1].As<Napi::Number>();
  int result;
  do result = ::flock(fd, operation | LOCK_NB);
  while (result != 0 && errno == EINTR);
  if (result != 0 && errno != EWOULDBLOCK) throw_errno(info.Env(), "flock");
  return Napi::Boolean::New(info.Env(), result == 0);
}

Napi::Value sync_fs(const Napi::CallbackInfo& info) {
  int fd = info[0].As<Napi::Number>();
  return start(info.Env(), info.Env().Undefined(), [fd](const Cancel&) {
    if (::syncfs(fd) != 0) throw Failure{"OS_ERROR", "syncfs", "", errno};
    return nothing();
  });
}

Napi::Value rename_no_replace(const Napi::CallbackInfo& info) {
  std::string from = bytes_arg(info[0]), to = bytes_arg(info[1]);
  if (::syscall(SYS_renameat2, AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) != 0) {
    throw_errno(info.Env(), "renameat2", to);
  }
  return info.Env().Undefined();
}

Napi::Value get_xattr(const Napi::CallbackInfo& info) {
  std::string path = bytes_arg(info[0]), name = bytes_arg(info[1]);
  std::string value(65536, 0);
  ssize_t length = ::lgetxattr(path.c_str(), name.c_str(), value.data(), value.size());
  if (length < 0 && errno == ENODATA) return info.Env().Undefined();
  if (length < 0) throw_errno(info.Env(), "lgetxattr", path);
  return Napi::Buffer<char>::Copy(info.Env(), value.data(), static_cast<size_t>(length));
}

Napi::Value set_xattr(const Napi::CallbackInfo& info) {
  std::string path = bytes_arg(info[0]), name = bytes_arg(info[1]), value = bytes_arg(info[2]);
  if (::lsetxattr(path.c_str(), name.c_str(), value.data(), value.size(), 0) != 0) throw_errno(info.Env(), "lsetxattr", path);
  return info.Env().Undefined();
}

Napi::Value list_xattrs(const Napi::CallbackInfo& info) {
  std::string path = bytes_arg(info[0]);
  std::string names(65536, 0);
  ssize_t length = ::llistxattr(path.c_str(), names.data(), names.size());
  if (length < 0) throw_errno(info.Env(), "llistxattr", path);
  return Napi::Buffer<char>::Copy(info.Env(), names.data(), static_cast<size_t>(length));
}

}  // namespace

void register_os_calls(Napi::Env env, Napi::Object exports) {
  exports.Set("lock", Napi::Function::New(env, lock));
  exports.Set("tryLock", Napi::Function::New(env, try_lock));
  exports.Set("syncfs", Napi::Function::New(env, sync_fs));
  exports.Set("renameNoReplace", Napi::Function::New(env, rename_no_replace));
  exports.Set("lgetxattr", Napi::Function::New(env, get_xattr));
  exports.Set("lsetxattr", Napi::Function::New(env, set_xattr));
  exports.Set("llistxattr", Napi::Function::New(env, list_xattrs));
}

}  // namespace shale
