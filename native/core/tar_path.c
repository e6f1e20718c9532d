#include "tar_path.h"

static bool is_dots(const uint8_t *name, size_t length, size_t dots) {
  return length == dots && memcmp(name, "..", dots) == 0;
}

shale_path_fault shale_normalize_path(shale_bytes raw, uint8_t *out, shale_bytes *path) {
  path->data = out;
  path->length = 0;
  if (raw.length > 0 && memchr(raw.data, 0, raw.length) != NULL) return SHALE_PATH_HAS_NUL;
  size_t length = 0;
  for (size_t start = 0; start < raw.length;) {
    size_t end = start;
    while (end < raw.length && raw.data[end] != '/') end++;
    const uint8_t *name = raw.data + start;
    size_t size = end - start;
    start = end + 1;
    if (size == 0 || is_dots(name, size, 1)) continue;
    if (is_dots(name, size, 2)) return SHALE_PATH_ESCAPES;
    if (size > SHALE_MAX_COMPONENT) return SHALE_PATH_TOO_LONG;
    if (length > 0) out[length++] = '/';
    memcpy(out + length, name, size);
    length += size;
    if (length >= SHALE_MAX_PATH) return SHALE_PATH_TOO_LONG;
  }
  path->length = length;
  return SHALE_PATH_OK;
}
