// Files to be made by the threads of the pool.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "buffer.h"
#include "file.h"
#include "metadata.h"
#include "pool.h"

namespace shale {

// Makes `name` in `dir` for writing. What stands there already is removed: never truncated, never followed, because a
// link or a second name could lead elsewhere.
Fd create_file(int dir, const char* name, mode_t mode, const std::string& path);
// Removes `name` and, when it is a directory, all below it. Nothing there is fine.
void remove_tree(int dir, const char* name, const std::string& path);

// Small files, content and all, in one job.
class FileBatch : public Job {
 public:
  explicit FileBatch(MetadataWriter& metadata) : metadata_(metadata) {}
  void run() override;
  void add(std::shared_ptr<Fd> dir, std::string path, Metadata metadata, uint64_t size);
  bool is_full() const { return files_.size() >= 128 || content.size() >= 256 * 1024; }
  Buffer content;

 private:
  struct File {
    std::shared_ptr<Fd> dir;
    std::string path;
    Metadata metadata;
    size_t offset;
    uint64_t size;
  };
  MetadataWriter& metadata_;
  std::vector<File> files_;
};

// A file that is written by several jobs at once; the last of them sets its metadata.
class LargeOutput {
 public:
  LargeOutput(Fd fd, std::string path, Metadata metadata, MetadataWriter& writer, uint64_t size)
      : fd_(std::move(fd)), path_(std::move(path)), metadata_(std::move(metadata)), writer_(writer), left_(size) {}
  void write(const Buffer& bytes, uint64_t offset);

 private:
  Fd fd_;
  std::string path_;
  Metadata metadata_;
  MetadataWriter& writer_;
  std::atomic<uint64_t> left_;
};

class LargePart : public Job {
 public:
  LargePart(std::shared_ptr<LargeOutput> file, uint64_t offset, shale_bytes bytes) : file_(std::move(file)), offset_(offset) {
    bytes_.append(bytes.data, bytes.length);
  }
  void run() override {
    file_->write(bytes_, offset_);
    file_.reset();
  }

 private:
  std::shared_ptr<LargeOutput> file_;
  uint64_t offset_;
  Buffer bytes_;
};

}  // namespace shale
