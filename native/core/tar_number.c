#include "tar_number.h"

#include "entry.h"

static bool parse_base256(const uint8_t *field, size_t length, int64_t *value) {
  bool negative = field[0] & 0x40;
  uint64_t result = negative ? UINT64_MAX : 0;
  for (size_t i = 0; i < length; i++) {
    uint8_t byte = i == 0 ? (uint8_t)(field[0] & 0x7f) | (negative ? 0x80 : 0) : field[i];
    /* The bits that are pushed out must all be copies of the sign. */
    if (result >> 55 != (negative ? 0x1ffu : 0)) return false;
    result = result << 8 | byte;
  }
  *value = (int64_t)result;
  return true;
}

bool shale_parse_field(const uint8_t *field, size_t length, int64_t *value) {
  if (field[0] & 0x80) return parse_base256(field, length, value);
  size_t at = 0;
  uint64_t result = 0;
  while (at < length && field[at] == ' ') at++;
  for (; at < length && field[at] >= '0' && field[at] <= '7'; at++) result = result << 3 | (uint64_t)(field[at] - '0');
  for (; at < length; at++) {
    if (field[at] != ' ' && field[at] != 0) return false;
  }
  *value = (int64_t)result;
  return true;
}

bool shale_parse_decimal(shale_bytes text, uint64_t *value) {
  if (text.length == 0 || text.length > 16) return false;
  uint64_t result = 0;
  for (size_t i = 0; i < text.length; i++) {
    if (text.data[i] < '0' || text.data[i] > '9') return false;
    result = result * 10 + (uint64_t)(text.data[i] - '0');
  }
  *value = result;
  return result <= SHALE_MAX_SAFE;
}

static bool parse_fraction(shale_bytes text, uint32_t *nanoseconds) {
  uint32_t result = 0;
  for (size_t i = 0; i < text.length; i++) {
    if (text.data[i] < '0' || text.data[i] > '9') return false;
    if (i < 9) result = result * 10 + (uint32_t)(text.data[i] - '0');
  }
  for (size_t i = text.length; i < 9; i++) result *= 10;
  *nanoseconds = result;
  return true;
}

bool shale_parse_time(shale_bytes text, int64_t *seconds, uint32_t *nanoseconds) {
  bool negative = text.length > 0 && text.data[0] == '-';
  if (negative) text.data++, text.length--;
  const uint8_t *dot = text.length > 0 ? memchr(text.data, '.', text.length) : NULL;
  shale_bytes whole = {text.data, dot ? (size_t)(dot - text.data) : text.length};
  shale_bytes fraction = {dot ? dot + 1 : NULL, dot ? text.length - whole.length - 1 : 0};
  uint64_t value;
  if (!shale_parse_decimal(whole, &value) || !parse_fraction(fraction, nanoseconds)) return false;
  *seconds = negative ? -(int64_t)value : (int64_t)value;
  if (negative && *nanoseconds > 0) {
    *seconds -= 1;
    *nanoseconds = 1000000000u - *nanoseconds;
  }
  return true;
}
