// Writes a layer in one pass: files are read ahead by the pool, and the tar is hashed, stored and compressed in order.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "blob_writer.h"
#include "walk.h"

namespace shale {

struct WriteRequest {
  // "tree", "upper" or "entries"
  std::string kind;
  // directory for the first two
  std::string root;
  // for "entries": what encodeSources() of lib/layer/codec.ts gave
  std::string entries;
  std::string tar_path, blob_path;
  Compression compression = Compression::none;
  int level = -1;
  std::optional<int64_t> clamp_mtime;
  std::vector<std::string> exclude;
};

struct WriteResult {
  std::string diff_id;
  uint64_t tar_size = 0, content_size = 0;
  // layer index of what was written
  std::string index;
  std::optional<BlobInfo> blob;
};

WriteResult write_layer(const WriteRequest& request, const Cancel& cancel);

}  // namespace shale
