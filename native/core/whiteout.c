#include "whiteout.h"

#define PREFIX ".wh."
#define META_PREFIX ".wh..wh."
#define OPAQUE ".wh..wh..opq"

static size_t last_component(shale_bytes path) {
  size_t start = path.length;
  while (start > 0 && path.data[start - 1] != '/') start--;
  return start;
}

shale_whiteout_kind shale_whiteout_parse(shale_bytes path, uint8_t *room, shale_bytes *target) {
  size_t start = last_component(path);
  shale_bytes name = {path.data + start, path.length - start};
  if (!shale_starts_with(name, PREFIX)) return SHALE_NOT_WHITEOUT;
  if (start > 0) memcpy(room, path.data, start);
  target->data = room;
  if (shale_equals(name, OPAQUE)) {
    target->length = start > 0 ? start - 1 : 0;
    return SHALE_IS_OPAQUE;
  }
  if (shale_starts_with(name, META_PREFIX)) return SHALE_IS_AUFS_PRIVATE;
  shale_bytes hidden = {name.data + 4, name.length - 4};
  if (hidden.length == 0 || shale_equals(hidden, ".") || shale_equals(hidden, "..")) return SHALE_IS_BAD_WHITEOUT;
  memcpy(room + start, hidden.data, hidden.length);
  target->length = start + hidden.length;
  return SHALE_IS_WHITEOUT;
}

size_t shale_whiteout_name(shale_bytes path, bool opaque, uint8_t *out) {
  if (opaque) {
    size_t length = path.length;
    if (length > 0) {
      memcpy(out, path.data, length);
      out[length++] = '/';
    }
    memcpy(out + length, OPAQUE, strlen(OPAQUE));
    return length + strlen(OPAQUE);
  }
  size_t start = last_component(path);
  if (path.length == start) return 0;
  if (start > 0) memcpy(out, path.data, start);
  memcpy(out + start, PREFIX, 4);
  memcpy(out + start + 4, path.data + start, path.length - start);
  return path.length + 4;
}

bool shale_has_reserved_name(shale_bytes path) {
  for (size_t i = 0; i + 4 <= path.length; i++) {
    bool starts = i == 0 || path.data[i - 1] == '/';
    if (starts && memcmp(path.data + i, PREFIX, 4) == 0) return true;
  }
  return false;
}
