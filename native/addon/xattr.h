// Extended attributes of files, as layers hold them.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace shale {

// Sorted by name, as the tar writer wants them.
using Xattrs = std::map<std::string, std::string>;

// All attributes of an open file.
Xattrs read_xattrs(int fd, const std::string& name);
// Of `name` in the directory `dir` without following it: for what cannot be opened (links, devices, FIFOs).
Xattrs read_xattrs_at(int dir, const char* name, const std::string& path);

// What the storage driver put there for itself, and what belongs to one machine only: neither enters or leaves a layer.
bool is_private_xattr(const std::string& name);
bool is_opaque_marker(const Xattrs& xattrs);
// Drops private attributes, and takes the namespace out of file capabilities (v3 to v2, capabilities(7)).
void make_portable(Xattrs& xattrs);

// As record.h wants them.
std::string pack_xattrs(const Xattrs& xattrs);

}  // namespace shale
