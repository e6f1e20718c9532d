#include "file.h"

#include <linux/openat2.h>
#include <sys/syscall.h>

namespace shale {

NewFile::NewFile(std::string path) : path_(std::move(path)) {
  fd_.reset(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644));
  if (!fd_) fail_errno("cannot create a file", path_);
}

NewFile::~NewFile() {
  if (fd_ && !kept_) ::unlink(path_.c_str());
}

void NewFile::write(const void* bytes, size_t length) { write_all(fd_.get(), bytes, length, path_); }

void NewFile::keep() {
  int copy = ::dup(fd_.get());
  if (copy < 0 || ::close(copy) != 0) fail_errno("cannot finish a file", path_);
  kept_ = true;
}

Fd open_directory(const std::string& path) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) fail_errno("cannot open a directory", path);
  return fd;
}

static int openat2(int dir, const char* path, int flags, uint64_t resolve) {
  struct open_how how = {};
  how.flags = static_cast<uint64_t>(flags | O_CLOEXEC);
  how.resolve = resolve;
  int fd;
  // EAGAIN: something was renamed meanwhile, and the kernel could not tell whether it stayed beneath.
  do fd = static_cast<int>(::syscall(SYS_openat2, dir, path, &how, sizeof how));
  while (fd < 0 && (errno == EAGAIN || errno == EINTR));
  return fd;
}

static bool is_missing(int error) { return error == ENOSYS || error == EPERM; }

// Component by component, no link followed: what openat2 does, for kernels before 5.6.
static int walk_beneath(int root, const std::string& path, int flags) {
  Fd dir(::openat(root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  size_t start = 0;
  for (;;) {
    size_t end = path.find('/', start);
    std::string name = path.substr(start, end == std::string::npos ? std::string::npos : end - start);
    if (name == "..") return errno = EXDEV, -1;
    bool last = end == std::string::npos;
    int fd = ::openat(dir.get(), name.c_str(), (last ? flags : O_PATH | O_DIRECTORY) | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || last) return fd;
    dir.reset(fd);
    start = end + 1;
  }
}

int open_beneath(int root, const std::string& path, int flags) {
  const char* at = path.empty() ? "." : path.c_str();
  int fd = openat2(root, at, flags | O_NOFOLLOW, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
  if (fd >= 0 || !is_missing(errno)) return fd;
  return path.empty() ? ::openat(root, ".", flags | O_CLOEXEC) : walk_beneath(root, path, flags);
}

void write_all(int fd, const void* bytes, size_t length, const std::string& path) {
  const char* from = static_cast<const char*>(bytes);
  while (length > 0) {
    ssize_t wrote = ::write(fd, from, length);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) fail_errno("cannot write", path);
    from += wrote;
    length -= static_cast<size_t>(wrote);
  }
}

ssize_t read_full(int fd, void* buffer, size_t length) {
  char* to = static_cast<char*>(buffer);
  size_t done = 0;
  while (done < length) {
    ssize_t part = ::read(fd, to + done, length - done);
    if (part < 0 && errno == EINTR) continue;
    if (part < 0) return -1;
    if (part == 0) break;
    done += static_cast<size_t>(part);
  }
  return static_cast<ssize_t>(done);
}

ssize_t pread_full(int fd, void* buffer, size_t length, uint64_t offset) {
  char* to = static_cast<char*>(buffer);
  size_t done = 0;
  while (done < length) {
    ssize_t part = ::pread(fd, to + done, length - done, static_cast<off_t>(offset + done));
    if (part < 0 && errno == EINTR) continue;
    if (part < 0) return -1;
    if (part == 0) break;
    done += static_cast<size_t>(part);
  }
  return static_cast<ssize_t>(done);
}

}  // namespace shale
