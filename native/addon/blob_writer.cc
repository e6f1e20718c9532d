#include "blob_writer.h"

#include <libdeflate.h>
#include <zstd.h>

#include <algorithm>

#include "buffer.h"
#include "gzip_member.h"

namespace shale {

namespace {

// zstd gains more from a long window than gzip, whose window is 32 KiB.
constexpr size_t ZSTD_BLOCK = 4 * 1024 * 1024;

// At most 6 % larger than gzip -6 on sources and binaries, and nearly five times as fast per core.
constexpr int GZIP_LEVEL = 4;

size_t block_size(Compression compression) { return compression == Compression::zstd ? ZSTD_BLOCK : GZIP_BLOCK; }

struct FreeDeflate {
  void operator()(libdeflate_compressor* c) const { libdeflate_free_compressor(c); }
};
struct FreeZstd {
  void operator()(ZSTD_CCtx* c) const { ZSTD_freeCCtx(c); }
};

}  // namespace

Compression parse_compression(const std::string& name) {
  if (name == "gzip") return Compression::gzip;
  if (name == "zstd") return Compression::zstd;
  if (name == "none") return Compression::none;
  fail("LAYER_COMPRESSION_UNKNOWN", "unknown compression", name);
}

class BlobWriter::Block : public Job {
 public:
  Block(Compression compression, int level) : compression_(compression), level_(level) { input.reserve(block_size(compression)); }

  void run() override {
    if (compression_ == Compression::gzip) deflate();
    else zstd();
  }

  Buffer input, output;

 private:
  void deflate() {
    if (!deflate_) deflate_.reset(libdeflate_alloc_compressor(level_));
    if (!deflate_) throw std::bad_alloc();
    size_t bound = libdeflate_deflate_compress_bound(deflate_.get(), input.size());
    output.clear();
    output.extend(GZIP_HEADER + bound + GZIP_TRAILER);
    size_t length =
        libdeflate_deflate_compress(deflate_.get(), input.data(), input.size(), output.data() + GZIP_HEADER, bound);
    if (length == 0) fail("LAYER_COMPRESS_FAILED", "libdeflate gave up");
    uint8_t* trailer = output.data() + GZIP_HEADER + length;
    put_le32(trailer, libdeflate_crc32(0, input.data(), input.size()));
    put_le32(trailer + 4, static_cast<uint32_t>(input.size()));
    output.shrink(GZIP_HEADER + length + GZIP_TRAILER);
    put_gzip_header(output.data(), static_cast<uint32_t>(output.size()));
  }

  void zstd() {
    if (!zstd_) zstd_.reset(ZSTD_createCCtx());
    if (!zstd_) throw std::bad_alloc();
    ZSTD_CCtx_setParameter(zstd_.get(), ZSTD_c_compressionLevel, level_);
    ZSTD_CCtx_setParameter(zstd_.get(), ZSTD_c_checksumFlag, 1);
    output.clear();
    output.extend(ZSTD_compressBound(input.size()));
    size_t length = ZSTD_compress2(zstd_.get(), output.data(), output.size(), input.data(), input.size());
    if (ZSTD_isError(length)) fail("LAYER_COMPRESS_FAILED", ZSTD_getErrorName(length));
    output.shrink(length);
  }

  Compression compression_;
  int level_;
  std::unique_ptr<libdeflate_compressor, FreeDeflate> deflate_;
  std::unique_ptr<ZSTD_CCtx, FreeZstd> zstd_;
};

BlobWriter::BlobWriter(Pool& pool, const std::string& path, Compression compression, int level, const Cancel& cancel)
    : pool_(pool), file_(path), compression_(compression), level_(level), cancel_(cancel) {
  if (level_ < 0) level_ = compression == Compression::gzip ? GZIP_LEVEL : 3;
  int highest = compression == Compression::gzip ? 12 : 19;
  if (level_ > highest) fail("LAYER_LEVEL_INVALID", "no such compression level", std::to_string(level_));
}

BlobWriter::~BlobWriter() = default;

void BlobWriter::write(const uint8_t* bytes, size_t length) {
  const size_t full = block_size(compression_);
  while (length > 0) {
    if (!filling_) {
      if (spare_.empty()) spare_.push_back(std::make_shared<Block>(compression_, level_));
      filling_ = std::move(spare_.back());
      spare_.pop_back();
      filling_->input.clear();
    }
    size_t part = std::min(length, full - filling_->input.size());
    filling_->input.append(bytes, part);
    bytes += part;
    length -= part;
    if (filling_->input.size() == full) submit();
  }
}

void BlobWriter::submit() {
  cancel_.check();
  any_ = true;
  pool_.submit(filling_);
  running_.push_back(std::move(filling_));
  drain(2 * pool_.width());
}

void BlobWriter::drain(size_t leave) {
  while (running_.size() > leave) {
    std::shared_ptr<Block> block = std::move(running_.front());
    running_.pop_front();
    pool_.wait(block);
    digester_.update(block->output.data(), block->output.size());
    file_.write(block->output.data(), block->output.size());
    size_ += block->output.size();
    spare_.push_back(std::move(block));
  }
}

BlobInfo BlobWriter::finish() {
  if (!filling_ && !any_) filling_ = std::make_shared<Block>(compression_, level_);
  if (filling_) submit();
  drain(0);
  file_.keep();
  return {digester_.finish(), size_};
}

}  // namespace shale
