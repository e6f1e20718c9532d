// Everything below a directory, in the order in which a layer holds it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "entry.h"
#include "failure.h"
#include "pool.h"
#include "xattr.h"

namespace shale {

// One entry that a layer will hold, and how to recognize its file again.
struct Item {
  std::string path;
  std::string link;
  // packed; for regular files they are read together with the content
  std::string xattrs;
  uint32_t xattr_count = 0;
  // absolute path of the content when it is not `path` beneath the root
  std::string source;
  // content itself
  std::string data;
  bool has_source = false, has_data = false;
  uint8_t type = SHALE_FILE;
  uint32_t mode = 0, uid = 0, gid = 0, major = 0, minor = 0;
  uint64_t size = 0;
  int64_t mtime = 0;
  // identity and time of the file when it was walked: reading must find the same
  uint64_t dev = 0, ino = 0;
  int64_t mtime_s = 0;
  uint32_t mtime_ns = 0;
};

struct WalkOptions {
  // overlay upper directory: devices 0:0, opaque attributes and fuse-overlayfs' files are whiteouts
  bool upper = false;
  // sorted paths that are left out with what is below them
  std::vector<std::string> exclude;
};

// Items below `root` (not the root itself, but for its opaque marker), sorted by path bytes; later names of a file
// with several are hard links to its first. Sockets are left out.
// The options must outlive the pool.
std::vector<Item> walk_tree(Pool& pool, int root, const WalkOptions& options, const Cancel& cancel);

// Sorts by path bytes; of one path, a whiteout comes first and an opaque marker last.
void sort_items(std::vector<Item>& items);

}  // namespace shale
