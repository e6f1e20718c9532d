// lstat of directories' contents: what contexts ask before every build.
#pragma once

#include <string>
#include <vector>

#include "failure.h"

namespace shale {

// What lies directly in the directories, sorted by path, as columns (this machine's byte order) for
// lib/layer/scan-table.ts, because reading twenty thousand records one by one costs JavaScript more than finding them:
//   u32 entries, u32 bytes of paths, u32 entries with a record, u32 0
//   u32 x 6 each: type (9 for sockets; + 256 with a record), mode, uid, gid, links, length of the path
//   f64 x 4 each: size, mtime seconds, mtime nanoseconds, newest of mtime and ctime in milliseconds
//   40 bytes each: size, mtime, ctime (nanoseconds), inode, device; what changes when the content may have
//   the paths, and a layer index record of each entry with a link, a device number or attributes
std::string scan(const std::string& root, const std::vector<std::string>& dirs, bool xattrs, const Cancel& cancel);

}  // namespace shale
