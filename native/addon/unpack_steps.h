// What the parts of the unpacker share: unpack.cc (the order of work), unpack_dirs.cc, unpack_entries.cc,
// unpack_lowers.cc and unpack_whiteouts.cc.
#pragma once

#include <sys/stat.h>

#include "file_batch.h"
#include "unpack.h"

namespace shale {

inline std::string text_of(shale_bytes bytes) { return std::string(reinterpret_cast<const char*>(bytes.data), bytes.length); }

inline bool is_directory_at(int dir, const char* name) {
  struct stat st;
  return ::fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

// Runs `make` in the parent of `path`, once more after removing what stands in its way.
template <typename Make>
void Unpacker::create(const std::string& path, Make make) {
  Dir parent = parent_dir(path);
  if (make(parent->get()) == 0) return;
  if (errno != EEXIST) fail_errno("cannot create a file", path);
  if (is_directory_at(parent->get(), name_of(path))) forget_dirs();
  remove_tree(parent->get(), name_of(path), path);
  if (make(parent->get()) != 0) fail_errno("cannot create a file", path);
}

}  // namespace shale
