#include "xattr.h"

#include <sys/xattr.h>

#include <cstring>
#include <vector>

#include "bytes.h"
#include "failure.h"

namespace shale {

namespace {

// f*xattr for an fd, l*xattr for a path: the same loops over both.
struct ByFd {
  int fd;
  ssize_t list(char* out, size_t size) const { return ::flistxattr(fd, out, size); }
  ssize_t get(const char* name, char* out, size_t size) const { return ::fgetxattr(fd, name, out, size); }
};

struct ByPath {
  std::string path;
  ssize_t list(char* out, size_t size) const { return ::llistxattr(path.c_str(), out, size); }
  ssize_t get(const char* name, char* out, size_t size) const { return ::lgetxattr(path.c_str(), name, out, size); }
};

// Grows until the kernel is content: the attributes may change between two calls.
template <typename Call>
bool read_grown(Call call, std::string& out) {
  for (size_t room = 256; room <= 1u << 20; room *= 4) {
    out.resize(room);
    ssize_t length = call(out.data(), room);
    if (length >= 0) return out.resize(static_cast<size_t>(length)), true;
    if (errno != ERANGE) return false;
  }
  return false;
}

template <typename Source>
Xattrs read_all(const Source& source, const std::string& path) {
  char few[512];
  ssize_t length = source.list(few, sizeof few);
  std::string names;
  if (length == 0 || (length < 0 && (errno == ENOTSUP || errno == EPERM))) return {};
  if (length > 0) names.assign(few, static_cast<size_t>(length));
  else if (!read_grown([&](char* out, size_t size) { return source.list(out, size); }, names)) {
    fail_errno("cannot list extended attributes", path);
  }
  Xattrs xattrs;
  for (const char* name = names.data(); name < names.data() + names.size(); name += std::strlen(name) + 1) {
    std::string value;
    // trusted.* is invisible without privileges, and an attribute may have vanished: neither is content of the layer.
    if (read_grown([&](char* out, size_t size) { return source.get(name, out, size); }, value)) xattrs[name] = value;
    else if (errno != ENODATA && errno != EPERM && errno != ENOTSUP) fail_errno("cannot read an extended attribute", path);
  }
  return xattrs;
}

bool starts_with(const std::string& text, const char* prefix) { return text.compare(0, std::strlen(prefix), prefix) == 0; }

bool is_yes(const Xattrs& xattrs, const char* name) {
  auto found = xattrs.find(name);
  return found != xattrs.end() && found->second == "y";
}

}  // namespace

Xattrs read_xattrs(int fd, const std::string& path) { return read_all(ByFd{fd}, path); }

Xattrs read_xattrs_at(int dir, const char* name, const std::string& path) {
  return read_all(ByPath{"/proc/self/fd/" + std::to_string(dir) + "/" + name}, path);
}

bool is_private_xattr(const std::string& name) {
  return starts_with(name, "user.overlay.") || starts_with(name, "trusted.overlay.") ||
         starts_with(name, "user.fuseoverlayfs.") || starts_with(name, "user.containers.override_stat") ||
         name == "security.selinux" || name == "system.nfs4_acl" || name == "security.ima" || name == "security.evm";
}

bool is_opaque_marker(const Xattrs& xattrs) {
  return is_yes(xattrs, "user.overlay.opaque") || is_yes(xattrs, "trusted.overlay.opaque") ||
         is_yes(xattrs, "user.fuseoverlayfs.opaque");
}

void make_portable(Xattrs& xattrs) {
  for (auto it = xattrs.begin(); it != xattrs.end();) it = is_private_xattr(it->first) ? xattrs.erase(it) : std::next(it);
  auto capability = xattrs.find("security.capability");
  if (capability == xattrs.end()) return;
  std::string& value = capability->second;
  // struct vfs_ns_cap_data: the revision is the top byte of the first little-endian word, the root id the last word.
  if (value.size() != 24 || static_cast<uint8_t>(value[3]) != 3) return;
  value[3] = 2;
  value.resize(20);
}

std::string pack_xattrs(const Xattrs& xattrs) {
  std::string packed;
  uint8_t varint[10];
  auto put = [&](const std::string& text) {
    packed.append(reinterpret_cast<char*>(varint), shale_put_varint(varint, text.size()));
    packed.append(text);
  };
  for (const auto& [name, value] : xattrs) {
    put(name);
    put(value);
  }
  return packed;
}

}  // namespace shale
