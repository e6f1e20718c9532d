// Owner, mode, attributes and times of what was unpacked.
#pragma once

#include <sys/types.h>

#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "entry.h"
#include "xattr.h"

namespace shale {

struct Metadata {
  uint32_t mode = 0, uid = 0, gid = 0;
  int64_t mtime = 0;
  uint32_t mtime_ns = 0;
  // packed as in record.h
  std::string xattrs;
  uint32_t xattr_count = 0;
};

Metadata metadata_of(const shale_entry& entry);

// What could not be done and was left out, each once.
class Warnings {
 public:
  void add(std::string text);
  std::vector<std::string> list();

 private:
  std::mutex mutex_;
  std::set<std::string> texts_;
};

// Sets metadata in the order that keeps it: chown clears setuid and capabilities, so chmod and attributes follow it.
class MetadataWriter {
 public:
  // `keep_owners` false: everything stays ours.
  MetadataWriter(bool keep_owners, Warnings& warnings);
  // When a new file gets our owner and its mode from open(2) alone, nothing has to be set again. True unless the
  // directory `root` bends what is created in it (setgid, default ACL).
  void trust_creation(int root);
  // The mode to create a file with, for open(2).
  mode_t creation_mode(const Metadata& metadata) const { return metadata.mode & 0777; }
  // For an open file or directory. `created`: it was made with creation_mode() just now.
  void apply(int fd, const Metadata& metadata, const std::string& path, bool created);
  // For what cannot be opened: links, devices, FIFOs. `name` in the directory `dir`.
  void apply_at(int dir, const char* name, bool is_link, const Metadata& metadata, const std::string& path);

 private:
  [[noreturn]] void chown_failed(const Metadata& metadata, const std::string& path);
  void set_xattrs(const std::string& target, int fd, const Metadata& metadata, const std::string& path);
  bool keep_owners_;
  bool trusted_ = false;
  mode_t umask_;
  uid_t uid_;
  gid_t gid_;
  Warnings& warnings_;
};

}  // namespace shale
