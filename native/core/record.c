#include "record.h"

enum {
  HAS_MTIME_NS = 1,
  HAS_OFFSET = 2,
  HAS_LINK = 4,
  HAS_DEVICE = 8,
  HAS_XATTRS = 16,
  HAS_SOURCE = 32,
  HAS_DATA = 64,
};

size_t shale_record_bound(const shale_entry *entry) {
  return 128 + entry->path.length + entry->link.length + entry->xattrs.length;
}

static uint8_t *put_bytes(uint8_t *at, shale_bytes bytes) {
  at += shale_put_varint(at, bytes.length);
  if (bytes.length > 0) memcpy(at, bytes.data, bytes.length);
  return at + bytes.length;
}

static uint8_t flags_of(const shale_entry *entry) {
  uint8_t flags = 0;
  if (entry->mtime_ns != 0) flags |= HAS_MTIME_NS;
  if (entry->has_offset) flags |= HAS_OFFSET;
  if (entry->link.length > 0) flags |= HAS_LINK;
  if (entry->has_device) flags |= HAS_DEVICE;
  if (entry->xattr_count > 0) flags |= HAS_XATTRS;
  return flags;
}

size_t shale_put_record(const shale_entry *entry, uint8_t *out) {
  uint8_t flags = flags_of(entry);
  uint8_t *at = out;
  *at++ = entry->type;
  *at++ = flags;
  at += shale_put_varint(at, entry->mode);
  at += shale_put_varint(at, entry->uid);
  at += shale_put_varint(at, entry->gid);
  at += shale_put_varint(at, entry->size);
  at += shale_put_varint(at, ((uint64_t)entry->mtime << 1) ^ (uint64_t)(entry->mtime >> 63));
  at = put_bytes(at, entry->path);
  if (flags & HAS_MTIME_NS) at += shale_put_varint(at, entry->mtime_ns);
  if (flags & HAS_OFFSET) at += shale_put_varint(at, entry->offset);
  if (flags & HAS_LINK) at = put_bytes(at, entry->link);
  if (flags & HAS_DEVICE) {
    at += shale_put_varint(at, entry->major);
    at += shale_put_varint(at, entry->minor);
  }
  if (flags & HAS_XATTRS) {
    at += shale_put_varint(at, entry->xattr_count);
    memcpy(at, entry->xattrs.data, entry->xattrs.length);
    at += entry->xattrs.length;
  }
  return (size_t)(at - out);
}

static bool get_bytes(const uint8_t **at, const uint8_t *end, shale_bytes *bytes) {
  uint64_t length;
  if (!shale_get_varint(at, end, &length) || length > (uint64_t)(end - *at)) return false;
  bytes->data = *at;
  bytes->length = (size_t)length;
  *at += length;
  return true;
}

static bool get_u32(const uint8_t **at, const uint8_t *end, uint32_t *value) {
  uint64_t wide;
  if (!shale_get_varint(at, end, &wide) || wide > UINT32_MAX) return false;
  *value = (uint32_t)wide;
  return true;
}

bool shale_get_xattr(const uint8_t **at, const uint8_t *end, shale_bytes *name, shale_bytes *value) {
  return get_bytes(at, end, name) && get_bytes(at, end, value);
}

static bool get_xattrs(const uint8_t **at, const uint8_t *end, shale_entry *entry) {
  if (!get_u32(at, end, &entry->xattr_count)) return false;
  const uint8_t *start = *at;
  for (uint32_t i = 0; i < entry->xattr_count; i++) {
    shale_bytes name, value;
    if (!shale_get_xattr(at, end, &name, &value)) return false;
  }
  entry->xattrs.data = start;
  entry->xattrs.length = (size_t)(*at - start);
  return true;
}

static bool get_optional(const uint8_t **at, const uint8_t *end, shale_entry *entry, uint8_t flags) {
  if ((flags & HAS_MTIME_NS) && !get_u32(at, end, &entry->mtime_ns)) return false;
  if ((flags & HAS_OFFSET) && !shale_get_varint(at, end, &entry->offset)) return false;
  if ((flags & HAS_LINK) && !get_bytes(at, end, &entry->link)) return false;
  if ((flags & HAS_DEVICE) && !(get_u32(at, end, &entry->major) && get_u32(at, end, &entry->minor))) return false;
  if ((flags & HAS_XATTRS) && !get_xattrs(at, end, entry)) return false;
  if ((flags & HAS_SOURCE) && !get_bytes(at, end, &entry->source)) return false;
  if ((flags & HAS_DATA) && !get_bytes(at, end, &entry->data)) return false;
  return true;
}

bool shale_get_record(const uint8_t **at, const uint8_t *end, shale_entry *entry) {
  memset(entry, 0, sizeof *entry);
  if (end - *at < 2) return false;
  entry->type = *(*at)++;
  uint8_t flags = *(*at)++;
  if (entry->type >= SHALE_TYPES) return false;
  entry->has_offset = flags & HAS_OFFSET;
  entry->has_device = flags & HAS_DEVICE;
  entry->has_source = flags & HAS_SOURCE;
  entry->has_data = flags & HAS_DATA;
  uint64_t zigzag;
  if (!get_u32(at, end, &entry->mode) || !shale_get_varint(at, end, &entry->uid) ||
      !shale_get_varint(at, end, &entry->gid) || !shale_get_varint(at, end, &entry->size) ||
      !shale_get_varint(at, end, &zigzag) || !get_bytes(at, end, &entry->path)) {
    return false;
  }
  entry->mtime = (int64_t)(zigzag >> 1) ^ -(int64_t)(zigzag & 1);
  return get_optional(at, end, entry, flags);
}

bool shale_get_index_header(const uint8_t **at, const uint8_t *end, uint64_t *count) {
  size_t length = strlen(SHALE_INDEX_MAGIC);
  if ((size_t)(end - *at) < length || memcmp(*at, SHALE_INDEX_MAGIC, length) != 0) return false;
  *at += length;
  return shale_get_varint(at, end, count);
}
