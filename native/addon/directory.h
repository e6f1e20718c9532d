// The names in a directory.
#pragma once

#include <dirent.h>
#include <fcntl.h>

#include <cstring>
#include <memory>
#include <string>

#include "failure.h"

namespace shale {

// Calls `visit` with every name in the open directory `fd` but "." and ".."; `path` is for messages.
template <typename Visit>
void each_name(int fd, const std::string& path, Visit visit) {
  int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
  std::unique_ptr<DIR, int (*)(DIR*)> dir(copy < 0 ? nullptr : ::fdopendir(copy), ::closedir);
  if (!dir) fail_errno("cannot read a directory", path);
  // The copy shares its position with `fd`, which may have been read before.
  ::rewinddir(dir.get());
  for (;;) {
    errno = 0;
    const struct dirent* entry = ::readdir(dir.get());
    if (entry == nullptr) break;
    if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0) visit(entry->d_name);
  }
  if (errno != 0) fail_errno("cannot read a directory", path);
}

}  // namespace shale
