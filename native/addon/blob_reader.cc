#include "blob_reader.h"

#include <libdeflate.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>

#include "gzip_member.h"

namespace shale {

namespace {

constexpr size_t INPUT_SIZE = 1024 * 1024;
constexpr size_t OUTPUT_SIZE = 512 * 1024;
// 128 MiB: what the zstd command line decodes without being asked, and what the OCI ecosystem writes at most.
constexpr int ZSTD_WINDOW_LOG_MAX = 27;

// The consumer has gone away.
struct Closed {};

[[noreturn]] void corrupt(const char* message, const std::string& path) { fail("LAYER_BLOB_CORRUPT", message, path); }

struct FreeInflate {
  void operator()(libdeflate_decompressor* d) const { libdeflate_free_decompressor(d); }
};
struct FreeZstd {
  void operator()(ZSTD_DCtx* d) const { ZSTD_freeDCtx(d); }
};

// One of our own gzip members, whose end is known before it is inflated.
class MemberJob : public Job {
 public:
  MemberJob(BlobReader::Piece* piece, const uint8_t* member, size_t length, const std::string& path)
      : piece_(piece), member_(member, member + length), path_(path) {}

  void run() override {
    thread_local std::unique_ptr<libdeflate_decompressor, FreeInflate> inflater(libdeflate_alloc_decompressor());
    if (!inflater) throw std::bad_alloc();
    const uint8_t* trailer = member_.data() + member_.size() - GZIP_TRAILER;
    size_t size = get_le32(trailer + 4), got = 0, consumed = 0, body = member_.size() - GZIP_HEADER - GZIP_TRAILER;
    piece_->bytes.clear();
    uint8_t* out = piece_->bytes.extend(std::max<size_t>(size, 1));
    piece_->bytes.shrink(size);
    auto result = libdeflate_deflate_decompress_ex(inflater.get(), member_.data() + GZIP_HEADER, body, out, size, &consumed, &got);
    if (result != LIBDEFLATE_SUCCESS || got != size || consumed != body) corrupt("a gzip member is damaged", path_);
    if (libdeflate_crc32(0, out, size) != get_le32(trailer)) corrupt("the checksum of a gzip member does not match", path_);
  }

 private:
  BlobReader::Piece* piece_;
  std::vector<uint8_t> member_;
  const std::string& path_;
};

Compression look(const uint8_t* magic, size_t length, const std::string& path) {
  auto is = [&](std::initializer_list<uint8_t> bytes) { return length >= bytes.size() && std::equal(bytes.begin(), bytes.end(), magic); };
  if (is({0x1f, 0x8b})) return Compression::gzip;
  if (is({0x28, 0xb5, 0x2f, 0xfd})) return Compression::zstd;
  // A skippable frame, as zstd:chunked has them, is zstd too.
  if (length >= 4 && (magic[0] & 0xf0) == 0x50 && magic[1] == 0x2a && magic[2] == 0x4d && magic[3] == 0x18) return Compression::zstd;
  if (is({'B', 'Z', 'h'}) || is({0xfd, '7', 'z', 'X', 'Z'})) {
    fail("LAYER_COMPRESSION_UNKNOWN", "the blob is compressed with bzip2 or xz, which no layer may be", path);
  }
  return Compression::none;
}

}  // namespace

BlobReader::BlobReader(Pool& pool, const std::string& path, const std::string& compression, const Cancel& cancel)
    : pool_(pool), cancel_(cancel), path_(path), fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)), window_(2 * pool.width() + 2) {
  if (!fd_) fail_errno("cannot open a blob", path);
  struct stat st;
  if (::fstat(fd_.get(), &st) != 0) fail_errno("cannot read a blob", path);
  file_size_ = static_cast<uint64_t>(st.st_size);
  refill();
  compression_ = look(input_.data(), input_.size(), path);
  if (compression != "auto" && parse_compression(compression) != compression_) {
    fail("LAYER_COMPRESSION_MISMATCH", "the blob is not compressed as its media type says", path);
  }
  if (compression_ != Compression::none) digester_.update(input_.data(), input_.size());
  thread_ = std::thread([this] { produce(); });
}

BlobReader::~BlobReader() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
  // Members that are being inflated write into pieces of ours.
  auto settle = [this](std::unique_ptr<Piece>& piece) {
    if (!piece || !piece->job) return;
    try {
      pool_.wait(piece->job);
    } catch (...) {
      // Another failure is on its way already.
    }
  };
  for (auto& piece : ready_) settle(piece);
}

bool BlobReader::next(const uint8_t** bytes, size_t* length) {
  {
    std::unique_lock<std::mutex> lock(mutex_);
    if (current_) spare_.push_back(std::move(current_));
    changed_.notify_all();
    changed_.wait(lock, [this] { return done_ || !ready_.empty(); });
    if (ready_.empty()) {
      if (error_) std::rethrow_exception(error_);
      return false;
    }
    current_ = std::move(ready_.front());
    ready_.pop_front();
  }
  changed_.notify_all();
  if (current_->job) {
    std::shared_ptr<Job> job = std::move(current_->job);
    pool_.wait(job);
  }
  *bytes = current_->bytes.data();
  *length = current_->bytes.size();
  return true;
}

void BlobReader::produce() {
  std::exception_ptr error;
  try {
    if (compression_ == Compression::gzip) read_gzip();
    else if (compression_ == Compression::zstd) read_zstd();
    else read_plain();
    if (compression_ != Compression::none) info_.digest = digester_.finish();
  } catch (const Closed&) {
  } catch (...) {
    error = std::current_exception();
  }
  std::lock_guard<std::mutex> lock(mutex_);
  error_ = error;
  done_ = true;
  changed_.notify_all();
}

std::unique_ptr<BlobReader::Piece> BlobReader::take_spare() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (spare_.empty()) return std::make_unique<Piece>();
  auto piece = std::move(spare_.back());
  spare_.pop_back();
  piece->bytes.clear();
  return piece;
}

void BlobReader::push(std::unique_ptr<Piece> piece) {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [this] { return closing_ || ready_.size() < window_; });
  ready_.push_back(std::move(piece));
  changed_.notify_all();
  if (closing_) throw Closed();
}

// Moves what is left to the front and reads more behind it; false at the end of the file.
bool BlobReader::refill() {
  cancel_.check();
  size_t rest = input_.size() - at_;
  if (rest > 0 && at_ > 0) std::memmove(input_.data(), input_.data() + at_, rest);
  input_.shrink(rest);
  at_ = 0;
  uint8_t* to = input_.extend(INPUT_SIZE);
  ssize_t got = read_full(fd_.get(), to, INPUT_SIZE);
  if (got < 0) fail_errno("cannot read a blob", path_);
  input_.shrink(rest + static_cast<size_t>(got));
  // Plain bytes are hashed by who consumes them: once is enough.
  if (compression_ != Compression::none) digester_.update(to, static_cast<size_t>(got));
  info_.size += static_cast<uint64_t>(got);
  eof_ = got == 0;
  return !eof_;
}

void BlobReader::read_plain() {
  auto first = take_spare();
  first->bytes.append(input_.data(), input_.size());
  push(std::move(first));
  for (;;) {
    cancel_.check();
    auto piece = take_spare();
    ssize_t got = read_full(fd_.get(), piece->bytes.extend(OUTPUT_SIZE), OUTPUT_SIZE);
    if (got < 0) fail_errno("cannot read a blob", path_);
    if (got == 0) return;
    piece->bytes.shrink(static_cast<size_t>(got));
    info_.size += static_cast<uint64_t>(got);
    push(std::move(piece));
  }
}

void BlobReader::read_gzip() {
  if (!read_members()) inflate_rest();
}

// Our own members, as long as they come. False when something else follows, which begins at at_.
bool BlobReader::read_members() {
  const size_t longest = GZIP_HEADER + GZIP_BLOCK + GZIP_BLOCK / 8 + 1024;
  for (;;) {
    if (input_.size() - at_ < longest) refill();
    const uint8_t* member = input_.data() + at_;
    size_t rest = input_.size() - at_;
    if (rest == 0) return true;
    size_t length = gzip_member_length(member, rest);
    bool plausible = length > GZIP_HEADER + GZIP_TRAILER && length <= rest && length <= longest;
    if (!plausible || get_le32(member + length - 4) > GZIP_BLOCK) return false;
    auto piece = take_spare();
    piece->job = std::make_shared<MemberJob>(piece.get(), member, length, path_);
    pool_.submit(piece->job);
    at_ += length;
    push(std::move(piece));
  }
}

void BlobReader::inflate_rest() {
  z_stream stream = {};
  if (::inflateInit2(&stream, 15 + 16) != Z_OK) throw std::bad_alloc();
  std::unique_ptr<z_stream, int (*)(z_streamp)> guard(&stream, ::inflateEnd);
  for (bool inside = true;;) {
    if (at_ == input_.size() && !refill()) {
      if (inside) corrupt("the gzip stream ends in its middle", path_);
      return;
    }
    if (!inside) {
      // Between members: another one, or the NULs that tape-minded writers add.
      if (input_.data()[at_] == 0) {
        at_++;
        continue;
      }
      ::inflateReset(&stream);
      inside = true;
    }
    auto piece = take_spare();
    piece->bytes.extend(OUTPUT_SIZE);
    stream.next_out = piece->bytes.data();
    stream.avail_out = OUTPUT_SIZE;
    int result = Z_OK;
    while (stream.avail_out > 0 && result == Z_OK) {
      if (at_ == input_.size() && !refill()) break;
      stream.next_in = input_.data() + at_;
      stream.avail_in = static_cast<uInt>(input_.size() - at_);
      result = ::inflate(&stream, Z_NO_FLUSH);
      at_ = input_.size() - stream.avail_in;
    }
    if (result != Z_OK && result != Z_STREAM_END) corrupt("the gzip stream is damaged or followed by something else", path_);
    inside = result != Z_STREAM_END;
    piece->bytes.shrink(OUTPUT_SIZE - stream.avail_out);
    push(std::move(piece));
  }
}

void BlobReader::read_zstd() {
  std::unique_ptr<ZSTD_DCtx, FreeZstd> context(ZSTD_createDCtx());
  if (!context) throw std::bad_alloc();
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MAX);
  size_t hint = 0;
  for (bool more = true; more;) {
    auto piece = take_spare();
    piece->bytes.extend(OUTPUT_SIZE);
    ZSTD_outBuffer out = {piece->bytes.data(), OUTPUT_SIZE, 0};
    while (out.pos < out.size) {
      if (at_ == input_.size() && !refill() && hint == 0) break;
      ZSTD_inBuffer in = {input_.data(), input_.size(), at_};
      size_t before = out.pos;
      hint = ZSTD_decompressStream(context.get(), &out, &in);
      if (ZSTD_isError(hint)) corrupt("the zstd stream is damaged or followed by something else", path_);
      at_ = in.pos;
      if (eof_ && out.pos == before) break;
    }
    more = !(eof_ && at_ == input_.size() && out.pos < out.size);
    piece->bytes.shrink(out.pos);
    push(std::move(piece));
  }
  if (hint != 0) corrupt("the zstd stream ends in its middle", path_);
}

}  // namespace shale
