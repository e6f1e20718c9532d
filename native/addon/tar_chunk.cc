#include "tar_chunk.h"

#include <cstring>

#include "tar_write.h"

namespace shale {

static shale_bytes bytes_of(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

shale_entry to_entry(const Item& item) {
  shale_entry entry = {};
  entry.type = item.type;
  entry.mode = item.mode;
  entry.uid = item.uid;
  entry.gid = item.gid;
  entry.size = item.size;
  entry.mtime = item.mtime;
  entry.path = bytes_of(item.path);
  entry.link = bytes_of(item.link);
  entry.has_device = item.type == SHALE_CHAR || item.type == SHALE_BLOCK;
  entry.major = item.major;
  entry.minor = item.minor;
  entry.xattrs = bytes_of(item.xattrs);
  entry.xattr_count = item.xattr_count;
  return entry;
}

[[noreturn]] static void changed(const Item& item, const char* how) { fail("LAYER_FILE_CHANGED", how, item.path); }

void TarChunk::run() {
  bytes.clear();
  parent_.reset();
  for (Piece& piece : pieces) {
    cancel_.check();
    if (piece.item->type != SHALE_FILE) put_header(piece);
    else if (piece.item->has_data) put_data(piece);
    else put_file(piece);
  }
}

void TarChunk::put_header(Piece& piece) {
  shale_entry entry = to_entry(*piece.item);
  size_t bound = shale_tar_header_bound(&entry);
  uint8_t* at = bytes.extend(bound);
  size_t length = shale_tar_header(&entry, at);
  if (length == 0) fail("LAYER_ENTRY_INVALID", "an entry cannot stand in a tar: its path, link, owner or size is out of range", piece.item->path);
  bytes.shrink(bytes.size() - bound + length);
}

// Room for the piece's content, with the zeros that fill the last block when it ends the file.
uint8_t* TarChunk::make_room(Piece& piece) {
  bool ends = piece.from + piece.length == piece.item->size;
  size_t padding = ends ? shale_tar_padding(piece.item->size) : 0;
  piece.content_at = bytes.size();
  uint8_t* at = bytes.extend(piece.length + padding);
  std::memset(at + piece.length, 0, padding);
  return at;
}

void TarChunk::put_data(Piece& piece) {
  if (piece.with_header) put_header(piece);
  if (piece.length > 0) std::memcpy(make_room(piece), piece.item->data.data() + piece.from, piece.length);
  else make_room(piece);
}

void TarChunk::put_file(Piece& piece) {
  Item& item = *piece.item;
  Fd own;
  int fd;
  if (piece.large) {
    std::lock_guard<std::mutex> lock(piece.large->mutex);
    if (!piece.large->fd) piece.large->fd = open_item(item);
    fd = piece.large->fd.get();
  } else {
    own = open_item(item);
    fd = own.get();
  }
  if (piece.with_header) {
    if (!item.has_source) read_file_xattrs(fd, item);
    put_header(piece);
  }
  uint8_t* at = make_room(piece);
  ssize_t got = pread_full(fd, at, piece.length, piece.from);
  if (got < 0) fail_errno("cannot read a file", item.path);
  if (static_cast<uint64_t>(got) != piece.length) changed(item, "a file became shorter while it was read");
  if (piece.from + piece.length == item.size) check_same(fd, item);
}

// A source was not walked: what it is when it is opened must hold until it is read.
static void remember(Item& item, const struct stat& st) {
  item.dev = st.st_dev;
  item.ino = st.st_ino;
  item.mtime_s = st.st_mtim.tv_sec;
  item.mtime_ns = static_cast<uint32_t>(st.st_mtim.tv_nsec);
}

Fd TarChunk::open_item(Item& item) {
  // O_NONBLOCK: should a FIFO stand there now, opening it must not hang.
  const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  Fd fd(item.has_source ? ::open(item.source.c_str(), flags) : ::openat(open_parent(item.path), name_of(item.path), flags));
  if (!fd && (errno == ENOENT || errno == ELOOP || errno == ENOTDIR || errno == ENXIO)) {
    changed(item, "a file vanished or was replaced while it was read");
  }
  if (!fd) fail_errno("cannot open a file", item.has_source ? item.source : item.path);
  struct stat st;
  if (::fstat(fd.get(), &st) != 0) fail_errno("cannot read a file's attributes", item.path);
  if (!S_ISREG(st.st_mode)) changed(item, "a file was replaced while it was read");
  if (item.has_source && item.ino == 0) remember(item, st);
  if ((st.st_ino != item.ino || st.st_ino != item.ino || st.st_dev != item.dev)) changed(item, "a file was replaced while it was read");
  if (static_cast<uint64_t>(st.st_size) != item.size) changed(item, "a file changed its size while it was read");
  return fd;
}

int TarChunk::open_parent(const std::string& path) {
  std::string parent = parent_of(path);
  if (parent_ && parent == parent_path_) return parent_.get();
  parent_.reset(open_beneath(root_, parent, O_PATH | O_DIRECTORY));
  if (!parent_) fail("LAYER_FILE_CHANGED", "a directory vanished or was replaced while it was read", parent);
  parent_path_ = std::move(parent);
  return parent_.get();
}

// After the last byte: whoever wrote meanwhile left a later time or another size behind.
void TarChunk::check_same(int fd, const Item& item) {
  struct stat st;
  if (::fstat(fd, &st) != 0) fail_errno("cannot read a file's attributes", item.path);
  bool same = static_cast<uint64_t>(st.st_size) == item.size && st.st_mtim.tv_sec == item.mtime_s &&
              st.st_mtim.tv_nsec == item.mtime_ns;
  if (!same) changed(item, "a file changed while it was read");
}

void TarChunk::read_file_xattrs(int fd, Item& item) {
  Xattrs xattrs = read_xattrs(fd, item.path);
  if (xattrs.empty()) return;
  make_portable(xattrs);
  item.xattr_count = static_cast<uint32_t>(xattrs.size());
  item.xattrs = pack_xattrs(xattrs);
}

}  // namespace shale
