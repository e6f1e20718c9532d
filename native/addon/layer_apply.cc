#include "layer_apply.h"

#include <memory>

#include "blob_reader.h"
#include "record.h"
#include "tar_read.h"

namespace shale {

namespace {

class Applier {
 public:
  Applier(const ApplyRequest& request, const Cancel& cancel) : request_(request), cancel_(cancel), reader_(new shale_reader) {
    shale_reader_init(reader_.get());
  }

  ApplyResult run() {
    Pool pool;
    BlobReader blob(pool, request_.blob_path, request_.compression, cancel_);
    if (request_.expect_size && *request_.expect_size != blob.file_size()) {
      mismatch("the blob's size is " + std::to_string(blob.file_size()) + ", expected " + std::to_string(*request_.expect_size));
    }
    std::optional<Unpacker> unpacker;
    if (request_.unpack) unpacker.emplace(pool, *request_.unpack, warnings_, cancel_);
    unpacker_ = unpacker ? &*unpacker : nullptr;
    const uint8_t* bytes;
    size_t length;
    while (blob.next(&bytes, &length)) take(bytes, length);
    if (!shale_reader_finish(reader_.get())) malformed();
    verify(blob);
    if (unpacker_) unpacker_->finish();
    put_count();
    result_.warnings = warnings_.list();
    return std::move(result_);
  }

 private:
  void take(const uint8_t* bytes, size_t length) {
    cancel_.check();
    digester_.update(bytes, length);
    result_.tar_size += length;
    if (result_.tar_size > request_.max_tar_size) fail("LAYER_TOO_LARGE", "the uncompressed layer is larger than the limit");
    while (length > 0) {
      size_t used;
      shale_read_event event = shale_reader_next(reader_.get(), bytes, length, &used);
      if (event == SHALE_READ_ERROR) malformed();
      if (event == SHALE_READ_ENTRY) take_entry(reader_->entry);
      if (event == SHALE_READ_DATA && unpacker_) unpacker_->data(reader_->data);
      bytes += used;
      length -= used;
    }
  }

  void take_entry(const shale_entry& entry) {
    if (++entries_ > request_.max_entries) fail("LAYER_TOO_MANY_ENTRIES", "the layer has more entries than the limit");
    size_t length = records_.size();
    records_.extend(shale_record_bound(&entry));
    records_.shrink(length + shale_put_record(&entry, records_.data() + length));
    result_.content_size += entry.size;
    if (unpacker_) unpacker_->begin(entry);
  }

  // The number of entries is known at the end only, and stands in front.
  void put_count() {
    uint8_t varint[10];
    result_.index = SHALE_INDEX_MAGIC;
    result_.index.append(reinterpret_cast<char*>(varint), shale_put_varint(varint, entries_));
    result_.index.append(reinterpret_cast<const char*>(records_.data()), records_.size());
  }

  void verify(const BlobReader& blob) {
    result_.blob = blob.info();
    result_.compression = blob.compression();
    result_.diff_id = digester_.finish();
    if (result_.compression == Compression::none) result_.blob.digest = result_.diff_id;
    if (!request_.expect_blob.empty() && request_.expect_blob != result_.blob.digest) {
      mismatch("the blob's digest is " + result_.blob.digest + ", expected " + request_.expect_blob);
    }
    if (!request_.expect_diff_id.empty() && request_.expect_diff_id != result_.diff_id) {
      mismatch("the layer's diffID is " + result_.diff_id + ", expected " + request_.expect_diff_id);
    }
  }

  [[noreturn]] void mismatch(const std::string& message) { fail("LAYER_DIGEST_MISMATCH", message.c_str()); }

  [[noreturn]] void malformed() {
    const shale_bytes& path = reader_->entry.path;
    throw Failure{reader_->code, reader_->message, std::string(reinterpret_cast<const char*>(path.data), path.length), 0};
  }

  const ApplyRequest& request_;
  const Cancel& cancel_;
  std::unique_ptr<shale_reader> reader_;
  Unpacker* unpacker_ = nullptr;
  Warnings warnings_;
  Digester digester_;
  Buffer records_;
  uint64_t entries_ = 0;
  ApplyResult result_;
};

}  // namespace

ApplyResult apply_layer(const ApplyRequest& request, const Cancel& cancel) { return Applier(request, cancel).run(); }

}  // namespace shale
