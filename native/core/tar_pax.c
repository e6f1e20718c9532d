#include "tar_pax.h"

shale_pax_result shale_next_pax(const uint8_t **at, const uint8_t *end, shale_bytes *key, shale_bytes *value) {
  const uint8_t *start = *at;
  if (start == end) return SHALE_PAX_END;
  const uint8_t *p = start;
  size_t length = 0;
  for (; p < end && *p >= '0' && *p <= '9'; p++) {
    length = length * 10 + (size_t)(*p - '0');
    if (length > (size_t)(end - start)) return SHALE_PAX_MALFORMED;
  }
  if (p == start || p == end || *p != ' ' || *start == '0') return SHALE_PAX_MALFORMED;
  p++;
  const uint8_t *stop = start + length;
  if (p >= stop || stop[-1] != '\n') return SHALE_PAX_MALFORMED;
  const uint8_t *equals = memchr(p, '=', (size_t)(stop - 1 - p));
  if (equals == NULL || equals == p) return SHALE_PAX_MALFORMED;
  key->data = p;
  key->length = (size_t)(equals - p);
  value->data = equals + 1;
  value->length = (size_t)(stop - 1 - value->data);
  if (memchr(key->data, 0, key->length) != NULL) return SHALE_PAX_MALFORMED;
  *at = stop;
  return SHALE_PAX_RECORD;
}
