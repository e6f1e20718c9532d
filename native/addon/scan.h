// lstat of directories' contents, and digests of files: what contexts ask before every build.
#pragma once

#include <string>
#include <vector>

#include "failure.h"

namespace shale {

// Records for lib/layer/native.ts, sorted by path. Layout of each: a layer index record (type 9 for sockets, mtime in
// whole seconds) and then varints mtime ns, ctime s, ctime ns, ino, dev, nlink.
std::string scan(const std::string& root, const std::vector<std::string>& dirs, bool xattrs, const Cancel& cancel);

// sha256 of each file beneath `root`, 32 bytes each, in order.
std::string digest_files(const std::string& root, const std::vector<std::string>& paths, const Cancel& cancel);

}  // namespace shale
