// Reads a blob, hashes it and decompresses it ahead of who consumes it. gzip of many members (ours are inflated in
// parallel) or one, zstd of many frames; trailing garbage, truncation and a second layer of compression are refused.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "blob_writer.h"
#include "buffer.h"
#include "digest.h"
#include "file.h"
#include "pool.h"

namespace shale {

class BlobReader {
 public:
  // `compression` is "auto", "none", "gzip" or "zstd"; a name that the magic bytes contradict is refused.
  BlobReader(Pool& pool, const std::string& path, const std::string& compression, const Cancel& cancel);
  ~BlobReader();
  // The next decompressed bytes, valid until the next call; false at the end of the blob.
  bool next(const uint8_t** bytes, size_t* length);
  // After the end. The digest of a plain blob is left empty: it is that of the bytes that next() gave.
  const BlobInfo& info() const { return info_; }
  Compression compression() const { return compression_; }
  uint64_t file_size() const { return file_size_; }

  // A piece of output: bytes, or a member that the pool is inflating.
  struct Piece {
    Buffer bytes;
    std::shared_ptr<Job> job;
  };

 private:
  void produce();
  void read_plain();
  void read_gzip();
  bool read_members();
  void inflate_rest();
  void read_zstd();
  bool refill();
  void push(std::unique_ptr<Piece> piece);
  std::unique_ptr<Piece> take_spare();

  Pool& pool_;
  const Cancel& cancel_;
  std::string path_;
  Fd fd_;
  uint64_t file_size_ = 0;
  Compression compression_ = Compression::none;
  Digester digester_;
  BlobInfo info_;
  // compressed bytes that are read and not yet consumed: [at_, input_.size())
  Buffer input_;
  size_t at_ = 0;
  bool eof_ = false;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::unique_ptr<Piece>> ready_;
  std::vector<std::unique_ptr<Piece>> spare_;
  std::unique_ptr<Piece> current_;
  std::exception_ptr error_;
  bool done_ = false, closing_ = false;
  size_t window_;
  std::thread thread_;
};

}  // namespace shale
