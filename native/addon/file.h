// File descriptors that close themselves, and system calls that finish what they begin.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "failure.h"

namespace shale {

class Fd {
 public:
  explicit Fd(int fd = -1) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    reset(std::exchange(other.fd_, -1));
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { reset(); }
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  void reset(int fd = -1) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }

 private:
  int fd_;
};

// A file that is being made: O_EXCL, and gone again unless it is kept.
class NewFile {
 public:
  explicit NewFile(std::string path);
  ~NewFile();
  void write(const void* bytes, size_t length);
  // Closes the file; what is late to fail (NFS, quotas) fails here.
  void keep();

 private:
  std::string path_;
  Fd fd_;
  bool kept_ = false;
};

// Opens `path` beneath `root` without following any symbolic link: openat2(2), or component by component where the
// kernel lacks it or a seccomp filter hides it. -1 and errno on failure.
int open_beneath(int root, const std::string& path, int flags);

Fd open_directory(const std::string& path);
void write_all(int fd, const void* bytes, size_t length, const std::string& path);
// Reads until `length` bytes or the end of the file; -1 and errno on failure.
ssize_t read_full(int fd, void* buffer, size_t length);
ssize_t pread_full(int fd, void* buffer, size_t length, uint64_t offset);

inline std::string parent_of(const std::string& path) {
  size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

inline const char* name_of(const std::string& path) {
  size_t slash = path.rfind('/');
  return path.c_str() + (slash == std::string::npos ? 0 : slash + 1);
}

}  // namespace shale
