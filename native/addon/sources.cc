#include "sources.h"

#include "record.h"
#include "tar_path.h"
#include "whiteout.h"

namespace shale {

namespace {

std::string text_of(shale_bytes bytes) { return std::string(reinterpret_cast<const char*>(bytes.data), bytes.length); }

bool is_normal(shale_bytes path, std::string& room) {
  shale_bytes normal;
  room.resize(path.length + 1);
  auto* out = reinterpret_cast<uint8_t*>(room.data());
  if (shale_normalize_path(path, out, &normal) != SHALE_PATH_OK) return false;
  return normal.length == path.length && room.compare(0, path.length, text_of(path)) == 0;
}

Item to_item(const shale_entry& entry) {
  Item item;
  item.path = text_of(entry.path);
  item.link = text_of(entry.link);
  item.xattrs = text_of(entry.xattrs);
  item.xattr_count = entry.xattr_count;
  item.has_source = entry.has_source && entry.type == SHALE_FILE;
  item.has_data = !item.has_source && entry.type == SHALE_FILE;
  item.source = text_of(entry.source);
  if (item.has_data) item.data = text_of(entry.data);
  item.type = entry.type;
  item.mode = entry.mode;
  item.uid = static_cast<uint32_t>(entry.uid);
  item.gid = static_cast<uint32_t>(entry.gid);
  item.major = entry.major;
  item.minor = entry.minor;
  item.size = entry.type == SHALE_FILE ? entry.size : 0;
  item.mtime = entry.mtime;
  bool mark = entry.type == SHALE_WHITEOUT || entry.type == SHALE_OPAQUE;
  // A deletion has no owner and no time: two builds that delete the same give the same bytes.
  if (mark) item.mode = item.uid = item.gid = 0, item.mtime = 0;
  if (entry.uid > SHALE_MAX_ID || entry.gid > SHALE_MAX_ID) fail("LAYER_ENTRY_INVALID", "an entry has a uid or gid beyond 4294967294", item.path);
  if (item.has_data && item.data.size() != item.size) fail("LAYER_ENTRY_INVALID", "an entry's size is not that of its data", item.path);
  return item;
}

void check_unique(const std::vector<Item>& items) {
  for (size_t i = 1; i < items.size(); i++) {
    const Item &a = items[i - 1], &b = items[i];
    bool marks = a.type == SHALE_WHITEOUT || b.type == SHALE_OPAQUE;
    if (a.path == b.path && (!marks || a.type == b.type)) fail("LAYER_ENTRY_INVALID", "two entries have the same path", a.path);
  }
}

}  // namespace

std::vector<Item> decode_sources(const std::string& encoded) {
  const auto* at = reinterpret_cast<const uint8_t*>(encoded.data());
  const uint8_t* end = at + encoded.size();
  uint64_t count;
  if (!shale_get_index_header(&at, end, &count)) fail("LAYER_INDEX_CORRUPT", "the list of entries is malformed");
  std::vector<Item> items;
  std::string room;
  for (uint64_t i = 0; i < count; i++) {
    shale_entry entry;
    if (!shale_get_record(&at, end, &entry)) fail("LAYER_INDEX_CORRUPT", "the list of entries is malformed");
    if (!is_normal(entry.path, room)) fail("LAYER_ENTRY_INVALID", "a path is not relative and normal", text_of(entry.path));
    if (shale_has_reserved_name(entry.path)) fail("LAYER_NAME_RESERVED", "a name starts with .wh., which marks deletions in layers", text_of(entry.path));
    items.push_back(to_item(entry));
  }
  sort_items(items);
  check_unique(items);
  return items;
}

}  // namespace shale
