// Compresses a stream in independent blocks on all threads of a pool. The bytes depend on the input, the compression
// and the level alone: not on the number of cores, not on how the input was cut into writes.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "digest.h"
#include "failure.h"
#include "file.h"
#include "pool.h"

namespace shale {

enum class Compression { none, gzip, zstd };

Compression parse_compression(const std::string& name);

struct BlobInfo {
  std::string digest;
  uint64_t size = 0;
};

class BlobWriter {
 public:
  // `level` < 0 is the default: gzip 4 (of libdeflate's 0 to 12), zstd 3. The file is created O_EXCL and is gone unless finish() was reached.
  BlobWriter(Pool& pool, const std::string& path, Compression compression, int level, const Cancel& cancel);
  ~BlobWriter();
  void write(const uint8_t* bytes, size_t length);
  BlobInfo finish();

 private:
  class Block;
  void submit();
  void drain(size_t leave);
  Pool& pool_;
  NewFile file_;
  Compression compression_;
  int level_;
  const Cancel& cancel_;
  Digester digester_;
  uint64_t size_ = 0;
  bool any_ = false;
  std::shared_ptr<Block> filling_;
  std::deque<std::shared_ptr<Block>> running_;
  std::vector<std::shared_ptr<Block>> spare_;
};

}  // namespace shale
