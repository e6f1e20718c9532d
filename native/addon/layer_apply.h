// Verifies, indexes and unpacks a layer while it streams through once.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "blob_writer.h"
#include "unpack.h"

namespace shale {

struct ApplyRequest {
  std::string blob_path, compression = "auto";
  std::string expect_blob, expect_diff_id;
  std::optional<uint64_t> expect_size;
  // without it: only verify and index
  std::optional<UnpackOptions> unpack;
  uint64_t max_entries = 0, max_tar_size = 0;
};

struct ApplyResult {
  std::string diff_id;
  uint64_t tar_size = 0, content_size = 0;
  BlobInfo blob;
  Compression compression = Compression::none;
  std::string index;
  std::vector<std::string> warnings;
};

ApplyResult apply_layer(const ApplyRequest& request, const Cancel& cancel);

}  // namespace shale
