#include "metadata.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstdio>
#include <memory>

#include "failure.h"
#include "file.h"
#include "record.h"

namespace shale {

namespace {

// umask(2) can only be read by setting it, for all threads at once; the kernel shows it in /proc since 4.7.
mode_t read_umask() {
  std::unique_ptr<FILE, int (*)(FILE*)> file(::fopen("/proc/self/status", "re"), ::fclose);
  char line[256];
  unsigned value;
  while (file && ::fgets(line, sizeof line, file.get())) {
    if (::sscanf(line, "Umask: %o", &value) == 1) return value;
  }
  return 0777;
}

struct timespec changed_at(const Metadata& metadata) {
  return {static_cast<time_t>(metadata.mtime), static_cast<long>(metadata.mtime_ns)};
}

std::string proc_path(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

}  // namespace

Metadata metadata_of(const shale_entry& entry) {
  Metadata metadata;
  metadata.mode = entry.mode;
  metadata.uid = static_cast<uint32_t>(entry.uid);
  metadata.gid = static_cast<uint32_t>(entry.gid);
  metadata.mtime = entry.mtime;
  metadata.mtime_ns = entry.mtime_ns;
  metadata.xattr_count = entry.xattr_count;
  metadata.xattrs.assign(reinterpret_cast<const char*>(entry.xattrs.data), entry.xattrs.length);
  return metadata;
}

void Warnings::add(std::string text) {
  std::lock_guard<std::mutex> lock(mutex_);
  texts_.insert(std::move(text));
}

std::vector<std::string> Warnings::list() {
  std::lock_guard<std::mutex> lock(mutex_);
  return {texts_.begin(), texts_.end()};
}

MetadataWriter::MetadataWriter(bool keep_owners, Warnings& warnings)
    : keep_owners_(keep_owners), umask_(read_umask()), uid_(::geteuid()), gid_(::getegid()), warnings_(warnings) {}

void MetadataWriter::trust_creation(int root) {
  struct stat st;
  if (::fstat(root, &st) != 0 || (st.st_mode & S_ISGID)) return;
  trusted_ = ::fgetxattr(root, "system.posix_acl_default", nullptr, 0) < 0;
}

void MetadataWriter::chown_failed(const Metadata& metadata, const std::string& path) {
  int error = errno;
  std::string ids = std::to_string(metadata.uid) + ":" + std::to_string(metadata.gid);
  if (error == EINVAL) throw Failure{"LAYER_ID_UNMAPPED", "the owner " + ids + " has no id in this user namespace", path, 0};
  throw Failure{"LAYER_OWNER_REFUSED", "cannot give a file to " + ids, path, error};
}

void MetadataWriter::apply(int fd, const Metadata& metadata, const std::string& path, bool created) {
  bool ours = created && trusted_ && metadata.uid == uid_ && metadata.gid == gid_;
  if (keep_owners_ && !ours && ::fchown(fd, metadata.uid, metadata.gid) != 0) chown_failed(metadata, path);
  bool has_mode = created && trusted_ && (metadata.mode & ~07777u) == 0 && (metadata.mode & (umask_ | 07000)) == 0;
  if (!has_mode && ::fchmod(fd, metadata.mode) != 0) fail_errno("cannot set the mode of a file", path);
  if (metadata.xattr_count > 0) set_xattrs("", fd, metadata, path);
  struct timespec times[2] = {changed_at(metadata), changed_at(metadata)};
  if (::futimens(fd, times) != 0) fail_errno("cannot set the times of a file", path);
}

void MetadataWriter::apply_at(int dir, const char* name, bool is_link, const Metadata& metadata, const std::string& path) {
  if (keep_owners_ && ::fchownat(dir, name, metadata.uid, metadata.gid, AT_SYMLINK_NOFOLLOW) != 0) chown_failed(metadata, path);
  if (!is_link || metadata.xattr_count > 0) {
    // chmod has no form that does not follow links: an O_PATH descriptor pins what is meant.
    Fd fd(::openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!fd) fail_errno("cannot open a new file", path);
    if (!is_link && ::chmod(proc_path(fd.get()).c_str(), metadata.mode) != 0) fail_errno("cannot set the mode of a file", path);
    if (metadata.xattr_count > 0) set_xattrs(proc_path(dir) + "/" + name, -1, metadata, path);
  }
  struct timespec times[2] = {changed_at(metadata), changed_at(metadata)};
  if (::utimensat(dir, name, times, AT_SYMLINK_NOFOLLOW) != 0) fail_errno("cannot set the times of a file", path);
}

void MetadataWriter::set_xattrs(const std::string& target, int fd, const Metadata& metadata, const std::string& path) {
  const auto* at = reinterpret_cast<const uint8_t*>(metadata.xattrs.data());
  const uint8_t* end = at + metadata.xattrs.size();
  shale_bytes name_bytes, value;
  while (at < end && shale_get_xattr(&at, end, &name_bytes, &value)) {
    std::string name(reinterpret_cast<const char*>(name_bytes.data), name_bytes.length);
    // An image that could set these would redirect names of the merged tree (metacopy, redirect) to files of its choice.
    if (is_private_xattr(name)) continue;
    int result = fd >= 0 ? ::fsetxattr(fd, name.c_str(), value.data, value.length, 0)
                         : ::lsetxattr(target.c_str(), name.c_str(), value.data, value.length, 0);
    if (result == 0) continue;
    if (errno != EPERM && errno != ENOTSUP && errno != EACCES && errno != EINVAL) fail_errno("cannot set an extended attribute", path);
    warnings_.add("extended attributes " + name + " were left out: not permitted or not supported here");
  }
}

}  // namespace shale
