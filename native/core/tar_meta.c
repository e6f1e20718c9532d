/* Headers that describe the next entry: pax and GNU's long names. */
#include "tar_reader.h"

static bool begin_content(shale_reader *reader, int state, size_t limit) {
  uint64_t size;
  if (!tar_read_number(reader, TAR_SIZE, 0, &size, "the size of a header is no number")) return false;
  if (size > limit) return tar_fail(reader, "LAYER_HEADER_TOO_LARGE", "a pax or long-name header is too large");
  reader->left = size;
  reader->padding = (size_t)((512 - size % 512) % 512);
  reader->filled = 0;
  reader->state = state;
  return true;
}

bool tar_begin_meta(shale_reader *reader, bool *is_meta) {
  *is_meta = true;
  switch (reader->block[TAR_TYPE.offset]) {
    case 'x':
      if (reader->has_pax) return tar_corrupt(reader, "an entry has two pax headers");
      return begin_content(reader, META_PAX, SHALE_MAX_PAX);
    case 'g':
      if (reader->has_pax) return tar_corrupt(reader, "a global pax header stands between a pax header and its entry");
      return begin_content(reader, META_GLOBAL, SHALE_MAX_PAX);
    case 'L':
      if (reader->has_long_name) return tar_corrupt(reader, "an entry has two long names");
      return begin_content(reader, META_NAME, sizeof reader->long_name);
    case 'K':
      if (reader->has_long_link) return tar_corrupt(reader, "an entry has two long link targets");
      return begin_content(reader, META_LINK, sizeof reader->long_link);
    default: *is_meta = false; return true;
  }
}

/* GNU's long names end with a NUL; one in the middle would hide the rest from C readers. */
static bool end_long(shale_reader *reader, const uint8_t *text, size_t *length) {
  size_t size = reader->filled;
  while (size > 0 && text[size - 1] == 0) size--;
  if (size == 0 || memchr(text, 0, size) != NULL) return tar_corrupt(reader, "a long name is empty or holds a NUL byte");
  *length = size;
  return true;
}

static bool take_meta(shale_reader *reader, int state) {
  switch (state) {
    case META_PAX:
      reader->pax_length = reader->filled;
      reader->has_pax = true;
      return true;
    case META_GLOBAL: reader->pax_length = reader->filled; return tar_check_global(reader);
    case META_NAME: reader->has_long_name = true; return end_long(reader, reader->long_name, &reader->long_name_length);
    default: reader->has_long_link = true; return end_long(reader, reader->long_link, &reader->long_link_length);
  }
}

bool tar_end_meta(shale_reader *reader) {
  if (!take_meta(reader, reader->state)) return false;
  reader->state = reader->padding > 0 ? PADDING : HEADER;
  reader->filled = 0;
  return true;
}

uint8_t *tar_meta_buffer(shale_reader *reader) {
  if (reader->state == META_NAME) return reader->long_name;
  if (reader->state == META_LINK) return reader->long_link;
  return reader->pax;
}
