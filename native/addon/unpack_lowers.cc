// What the layers below lend: metadata of directories that the tar leaves out, files that it links to.
#include "unpack_steps.h"
#include "xattr.h"

namespace shale {

namespace {

Metadata metadata_of_file(int fd, const std::string& path) {
  struct stat st;
  if (::fstat(fd, &st) != 0) fail_errno("cannot read a file's attributes", path);
  Metadata metadata;
  metadata.mode = st.st_mode & 07777;
  metadata.uid = st.st_uid;
  metadata.gid = st.st_gid;
  metadata.mtime = st.st_mtim.tv_sec;
  metadata.mtime_ns = static_cast<uint32_t>(st.st_mtim.tv_nsec);
  Xattrs xattrs = read_xattrs(fd, path);
  make_portable(xattrs);
  metadata.xattr_count = static_cast<uint32_t>(xattrs.size());
  metadata.xattrs = pack_xattrs(xattrs);
  return metadata;
}

}  // namespace

bool Unpacker::lower_metadata(const std::string& path, Metadata& metadata) {
  for (const Fd& lower : lowers_) {
    Fd fd(open_beneath(lower.get(), path, O_RDONLY | O_DIRECTORY));
    if (fd) {
      metadata = metadata_of_file(fd.get(), path);
      return true;
    }
    // Something else hides what lies further below.
    if (errno != ENOENT) return false;
  }
  return false;
}

// A hard link into a lower layer: the file must be in this one too, as overlayfs copies it up.
bool Unpacker::copy_up(const std::string& path) {
  for (const Fd& lower : lowers_) {
    Fd dir(open_beneath(lower.get(), parent_of(path), O_PATH | O_DIRECTORY));
    struct stat st;
    if (!dir || ::fstatat(dir.get(), name_of(path), &st, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (!S_ISREG(st.st_mode)) return false;
    Fd from(::openat(dir.get(), name_of(path), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!from) fail_errno("cannot open a file of a lower layer", path);
    Metadata metadata = metadata_of_file(from.get(), path);
    Fd to = create_file(parent_dir(path)->get(), name_of(path), metadata_.creation_mode(metadata), path);
    Buffer room;
    room.extend(256 * 1024);
    for (ssize_t got; (got = read_full(from.get(), room.data(), room.size())) != 0;) {
      if (got < 0) fail_errno("cannot read a file of a lower layer", path);
      write_all(to.get(), room.data(), static_cast<size_t>(got), path);
    }
    metadata_.apply(to.get(), metadata, path, true);
    mark_written(path);
    return true;
  }
  return false;
}

}  // namespace shale
