#include "layer_write.h"

#include <algorithm>
#include <cstring>

#include "record.h"
#include "sources.h"
#include "tar_chunk.h"

namespace shale {

namespace {

// Where the bytes of the tar go, in order.
class Sinks {
 public:
  Sinks(const WriteRequest& request, Pool& pool, const Cancel& cancel) {
    if (!request.tar_path.empty()) tar_.emplace(request.tar_path);
    if (!request.blob_path.empty()) blob_.emplace(pool, request.blob_path, request.compression, request.level, cancel);
  }
  void write(const uint8_t* bytes, size_t length) {
    digester_.update(bytes, length);
    if (tar_) tar_->write(bytes, length);
    if (blob_) blob_->write(bytes, length);
    size_ += length;
  }
  uint64_t size() const { return size_; }
  void finish(WriteResult& result) {
    static const uint8_t end[1024] = {};
    write(end, sizeof end);
    result.diff_id = digester_.finish();
    result.tar_size = size_;
    if (blob_) result.blob = blob_->finish();
    if (tar_) tar_->keep();
  }

 private:
  Digester digester_;
  uint64_t size_ = 0;
  std::optional<NewFile> tar_;
  std::optional<BlobWriter> blob_;
};

// Cuts the items into chunks.
class Plan {
 public:
  explicit Plan(std::vector<Item>& items) : items_(items) {}

  // False at the end.
  bool fill(TarChunk& chunk) {
    chunk.pieces.clear();
    size_t planned = 0;
    while (next_ < items_.size() && planned < CHUNK_SIZE) {
      Item& item = items_[next_];
      bool large = item.size > CHUNK_SIZE;
      if (planned > 0 && (large || planned + item.size > CHUNK_SIZE)) break;
      if (large) {
        add_slice(chunk, item);
        break;
      }
      chunk.pieces.push_back({&item, 0, item.size, true, nullptr});
      planned += 1024 + item.size;
      next_++;
    }
    return !chunk.pieces.empty();
  }

 private:
  void add_slice(TarChunk& chunk, Item& item) {
    if (!large_) large_ = std::make_shared<LargeFile>();
    uint64_t length = std::min<uint64_t>(CHUNK_SIZE, item.size - offset_);
    chunk.pieces.push_back({&item, offset_, length, offset_ == 0, large_});
    offset_ += length;
    if (offset_ < item.size) return;
    offset_ = 0;
    large_.reset();
    next_++;
  }

  std::vector<Item>& items_;
  size_t next_ = 0;
  uint64_t offset_ = 0;
  std::shared_ptr<LargeFile> large_;
};

class LayerWriter {
 public:
  LayerWriter(const WriteRequest& request, const Cancel& cancel) : request_(request), cancel_(cancel) {}

  WriteResult run() {
    Pool pool;
    load(pool);
    Sinks sinks(request_, pool, cancel_);
    put_index_header();
    pump(pool, sinks);
    sinks.finish(result_);
    return std::move(result_);
  }

 private:
  void load(Pool& pool) {
    if (request_.kind == "entries") {
      items_ = decode_sources(request_.entries);
    } else {
      root_ = open_directory(request_.root);
      walk_options_.upper = request_.kind == "upper";
      walk_options_.exclude = request_.exclude;
      std::sort(walk_options_.exclude.begin(), walk_options_.exclude.end());
      items_ = walk_tree(pool, root_.get(), walk_options_, cancel_);
    }
    if (!request_.clamp_mtime) return;
    for (Item& item : items_) item.mtime = std::min(item.mtime, *request_.clamp_mtime);
  }

  // Keeps enough chunks under way that no thread waits, and takes them in order.
  void pump(Pool& pool, Sinks& sinks) {
    Plan plan(items_);
    const size_t window = pool.width() + 2;
    std::deque<std::shared_ptr<TarChunk>> running;
    std::vector<std::shared_ptr<TarChunk>> spare;
    for (bool more = true; more || !running.empty();) {
      while (more && running.size() < window) {
        if (spare.empty()) spare.push_back(std::make_shared<TarChunk>(root_.get(), cancel_));
        more = plan.fill(*spare.back());
        if (!more) break;
        pool.submit(spare.back());
        running.push_back(std::move(spare.back()));
        spare.pop_back();
      }
      if (running.empty()) break;
      std::shared_ptr<TarChunk> chunk = std::move(running.front());
      running.pop_front();
      pool.wait(chunk);
      take(*chunk, sinks);
      spare.push_back(std::move(chunk));
    }
  }

  void take(TarChunk& chunk, Sinks& sinks) {
    for (Piece& piece : chunk.pieces) {
      if (!piece.with_header) continue;
      put_record(*piece.item, sinks.size() + piece.content_at);
      result_.content_size += piece.item->size;
    }
    sinks.write(chunk.bytes.data(), chunk.bytes.size());
  }

  void put_index_header() {
    uint8_t varint[10];
    result_.index = SHALE_INDEX_MAGIC;
    result_.index.append(reinterpret_cast<char*>(varint), shale_put_varint(varint, items_.size()));
  }

  void put_record(const Item& item, uint64_t offset) {
    shale_entry entry = to_entry(item);
    if (item.type == SHALE_FILE) entry.has_offset = true, entry.offset = offset;
    size_t length = result_.index.size();
    result_.index.resize(length + shale_record_bound(&entry));
    length += shale_put_record(&entry, reinterpret_cast<uint8_t*>(result_.index.data()) + length);
    result_.index.resize(length);
  }

  const WriteRequest& request_;
  const Cancel& cancel_;
  // What jobs refer to: the pool ends before this.
  Fd root_;
  WalkOptions walk_options_;
  std::vector<Item> items_;
  WriteResult result_;
};

}  // namespace

WriteResult write_layer(const WriteRequest& request, const Cancel& cancel) { return LayerWriter(request, cancel).run(); }

}  // namespace shale
