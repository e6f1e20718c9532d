// Whole files from one compression to another.
#pragma once

#include "blob_writer.h"

namespace shale {

// Compresses a plain file into a new one; digest and size of the new one.
BlobInfo compress_file(const std::string& from, const std::string& to, Compression compression, int level, const Cancel& cancel);
// Decompresses by magic into a new file.
BlobInfo decompress_file(const std::string& from, const std::string& to, const Cancel& cancel);

}  // namespace shale
