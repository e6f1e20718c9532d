// Writes the entries of a layer into a directory, without ever leaving it: every parent is resolved beneath the root
// by the kernel, every last component is made anew and never followed.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "buffer.h"
#include "failure.h"
#include "file.h"
#include "metadata.h"
#include "pool.h"

namespace shale {

struct UnpackOptions {
  std::string target;
  // whiteouts become devices 0:0 and opaque attributes; otherwise they delete
  bool overlay = true;
  bool keep_owners = true;
  // topmost first
  std::vector<std::string> lowers;
};

class FileBatch;
class LargeOutput;

class Unpacker {
 public:
  Unpacker(Pool& pool, const UnpackOptions& options, Warnings& warnings, const Cancel& cancel);
  ~Unpacker();
  void begin(const shale_entry& entry);
  void data(shale_bytes bytes);
  // Waits for all files, then sets what only lasts when nothing more is written: directories.
  void finish();

 private:
  using Dir = std::shared_ptr<Fd>;
  struct PendingDir {
    std::string path;
    Metadata metadata;
  };

  Dir parent_dir(const std::string& path);
  Dir keep_dir(const std::string& path, int fd);
  int open_dir(const std::string& path);
  std::string real_path(const std::string& path);
  std::string resolve_links(const std::string& path);
  void close_dirs();
  int make_parent(const std::string& path);
  void make_dir(int parent, const std::string& path);
  void add_dir(const shale_entry& entry, const std::string& path);
  void add_file(const shale_entry& entry, const std::string& path);
  void add_symlink(const shale_entry& entry, const std::string& path);
  void add_hardlink(const shale_entry& entry, const std::string& path);
  void add_node(const shale_entry& entry, const std::string& path);
  void add_whiteout(const std::string& path);
  void add_opaque(const std::string& path);
  void set_opaque(int dir, const std::string& path);
  bool copy_up(const std::string& path);
  bool lower_metadata(const std::string& path, Metadata& metadata);
  void make_way(const std::string& path);
  void remove_unwritten(int dir, const char* name, const std::string& path);
  void remove_children(int dir, const std::string& path);
  void forget_dirs() { dirs_.clear(); }
  template <typename Make>
  void create(const std::string& path, Make make);

  void flush();
  void enqueue(std::shared_ptr<Job> job);
  void drain(size_t leave);
  void barrier();
  void apply_directories();

  uint64_t key(const std::string& path) const;
  bool is_written(const std::string& path) const { return written_.count(key(path)) > 0; }
  void mark_written(const std::string& path);

  Pool& pool_;
  const UnpackOptions& options_;
  Warnings& warnings_;
  const Cancel& cancel_;
  MetadataWriter metadata_;
  Fd root_;
  std::vector<Fd> lowers_;
  uint64_t seed_[2];
  // paths that this layer wrote, whiteouts that it holds, devices that were left out, directories that it went into
  std::unordered_set<uint64_t> written_, whiteouts_, skipped_, entered_;
  std::unordered_map<std::string, Dir> dirs_;
  size_t opened_ = 0;
  std::vector<PendingDir> directories_;
  std::shared_ptr<FileBatch> batch_;
  std::shared_ptr<LargeOutput> large_;
  uint64_t large_left_ = 0, large_offset_ = 0;
  std::deque<std::shared_ptr<Job>> running_;
};

}  // namespace shale
