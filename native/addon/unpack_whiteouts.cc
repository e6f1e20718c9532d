// Deletions: they concern what lies below this layer, wherever they stand in it.
#include <sys/xattr.h>

#include "directory.h"
#include "unpack_steps.h"

namespace shale {

void Unpacker::add_whiteout(const std::string& path) {
  whiteouts_.insert(key(path));
  bool written = is_written(path);
  if (written) {
    barrier();
    // Written, and gone again with its directory.
    if (Fd(open_beneath(root_.get(), parent_of(path), O_PATH | O_DIRECTORY)).get() < 0) return;
  }
  Dir parent = parent_dir(path);
  const char* name = name_of(path);
  if (!options_.overlay) return remove_unwritten(parent->get(), name, path);
  if (!written) {
    create(path, [&](int dir) { return ::mknodat(dir, name, S_IFCHR, 0); });
    return;
  }
  Fd fd(::openat(parent->get(), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (fd) set_opaque(fd.get(), path);
}

void Unpacker::add_opaque(const std::string& path) {
  barrier();
  Dir dir = parent_dir(path.empty() ? "x" : path + "/x");
  Fd fd(::openat(dir->get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) fail_errno("cannot open a directory", path);
  if (options_.overlay) set_opaque(fd.get(), path);
  else remove_children(fd.get(), path);
}

// For the kernel's overlayfs mounted with userxattr and for fuse-overlayfs, which reads the same name.
void Unpacker::set_opaque(int dir, const std::string& path) {
  if (::fsetxattr(dir, "user.overlay.opaque", "y", 1, 0) != 0) fail_errno("cannot mark a directory as opaque", path);
}

void Unpacker::remove_unwritten(int dir, const char* name, const std::string& path) {
  if (!is_written(path)) {
    if (is_directory_at(dir, name)) forget_dirs();
    return remove_tree(dir, name, path);
  }
  Fd fd(::openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (fd) remove_children(fd.get(), path);
}

void Unpacker::remove_children(int fd, const std::string& path) {
  each_name(fd, path, [&](const char* name) {
    remove_unwritten(fd, name, path.empty() ? name : path + "/" + name);
  });
}

}  // namespace shale
