// A piece of a tar stream, made by one thread of the pool: headers, contents and padding of some items.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "buffer.h"
#include "file.h"
#include "pool.h"
#include "walk.h"

namespace shale {

// Content is read in pieces of this size: small enough to be in the cache still when it is hashed.
constexpr size_t CHUNK_SIZE = 512 * 1024;

// A file larger than a chunk, read by several jobs at once.
struct LargeFile {
  std::mutex mutex;
  Fd fd;
};

// What of one item a chunk holds.
struct Piece {
  Item* item;
  // bytes of the content
  uint64_t from, length;
  bool with_header;
  std::shared_ptr<LargeFile> large;
  // found by run(): where the content begins in the chunk
  size_t content_at = 0;
};

class TarChunk : public Job {
 public:
  TarChunk(int root, const Cancel& cancel) : root_(root), cancel_(cancel) {}
  void run() override;

  std::vector<Piece> pieces;
  Buffer bytes;

 private:
  void put_header(Piece& piece);
  uint8_t* make_room(Piece& piece);
  void put_data(Piece& piece);
  void put_file(Piece& piece);
  Fd open_item(Item& item);
  int open_parent(const std::string& path);
  void check_same(int fd, const Item& item);
  void read_file_xattrs(int fd, Item& item);

  int root_;
  const Cancel& cancel_;
  Fd parent_;
  std::string parent_path_;
};

shale_entry to_entry(const Item& item);

}  // namespace shale
