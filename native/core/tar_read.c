#include "tar_read.h"

#include "tar_number.h"
#include "tar_reader.h"

void shale_reader_init(shale_reader *reader) { memset(reader, 0, offsetof(shale_reader, block)); }

bool tar_fail(shale_reader *reader, const char *code, const char *message) {
  reader->state = FAILED;
  reader->code = code;
  reader->message = message;
  return false;
}

bool tar_corrupt(shale_reader *reader, const char *message) { return tar_fail(reader, "LAYER_TAR_CORRUPT", message); }

bool tar_read_number(shale_reader *reader, tar_field field, int64_t low, uint64_t *value, const char *message) {
  int64_t number;
  if (!shale_parse_field(reader->block + field.offset, field.length, &number)) return tar_corrupt(reader, message);
  if (number < low || number > (int64_t)SHALE_MAX_SAFE) return tar_corrupt(reader, message);
  *value = (uint64_t)number;
  return true;
}

static bool is_zero(const uint8_t *block) {
  for (size_t i = 0; i < 512; i++) {
    if (block[i] != 0) return false;
  }
  return true;
}

/* Old writers summed signed chars. */
static bool checksum_matches(const uint8_t *block) {
  int64_t expected, plain = 0, with_sign = 0;
  if (!shale_parse_field(block + TAR_CHECKSUM.offset, TAR_CHECKSUM.length, &expected)) return false;
  for (size_t i = 0; i < 512; i++) {
    bool in_sum = i >= TAR_CHECKSUM.offset && i < TAR_CHECKSUM.offset + TAR_CHECKSUM.length;
    plain += in_sum ? ' ' : block[i];
    with_sign += in_sum ? ' ' : (int8_t)block[i];
  }
  return expected == plain || expected == with_sign;
}

static size_t take(shale_reader *reader, size_t length, uint64_t wanted) {
  size_t part = length < wanted ? length : (size_t)wanted;
  reader->position += part;
  return part;
}

static shale_read_event on_block(shale_reader *reader) {
  reader->filled = 0;
  memset(&reader->entry, 0, sizeof reader->entry);
  if (is_zero(reader->block)) {
    if (reader->has_pax || reader->has_long_name || reader->has_long_link) {
      tar_corrupt(reader, "a pax or long-name header describes no entry");
      return SHALE_READ_ERROR;
    }
    if (reader->seen_zero_block) reader->state = DRAIN;
    reader->seen_zero_block = true;
    return SHALE_READ_MORE;
  }
  if (reader->seen_zero_block) {
    tar_corrupt(reader, "an entry follows a lone block of zeros");
    return SHALE_READ_ERROR;
  }
  if (!checksum_matches(reader->block)) {
    tar_corrupt(reader, "a header's checksum does not match");
    return SHALE_READ_ERROR;
  }
  bool is_meta, ignore = false;
  if (!tar_begin_meta(reader, &is_meta)) return SHALE_READ_ERROR;
  if (is_meta) {
    if (reader->left == 0 && !tar_end_meta(reader)) return SHALE_READ_ERROR;
    return SHALE_READ_MORE;
  }
  if (!tar_build_entry(reader, &ignore)) return SHALE_READ_ERROR;
  if (ignore) return SHALE_READ_MORE;
  reader->entry.has_offset = reader->entry.type == SHALE_FILE;
  reader->entry.offset = reader->entry.has_offset ? reader->position : 0;
  return SHALE_READ_ENTRY;
}

static shale_read_event on_content(shale_reader *reader, const uint8_t *bytes, size_t length, size_t *used) {
  size_t part = take(reader, length, reader->left);
  *used += part;
  reader->left -= part;
  reader->data.data = bytes;
  reader->data.length = part;
  if (reader->left == 0) reader->state = reader->padding > 0 ? PADDING : HEADER;
  return reader->skip_content ? SHALE_READ_MORE : SHALE_READ_DATA;
}

static shale_read_event on_meta(shale_reader *reader, const uint8_t *bytes, size_t length, size_t *used) {
  size_t part = take(reader, length, reader->left);
  memcpy(tar_meta_buffer(reader) + reader->filled, bytes, part);
  *used += part;
  reader->filled += part;
  reader->left -= part;
  if (reader->left == 0 && !tar_end_meta(reader)) return SHALE_READ_ERROR;
  return SHALE_READ_MORE;
}

static shale_read_event on_header(shale_reader *reader, const uint8_t *bytes, size_t length, size_t *used) {
  size_t part = take(reader, length, 512 - reader->filled);
  memcpy(reader->block + reader->filled, bytes, part);
  *used += part;
  reader->filled += part;
  return reader->filled == 512 ? on_block(reader) : SHALE_READ_MORE;
}

static void on_padding(shale_reader *reader, size_t length, size_t *used) {
  size_t part = take(reader, length, reader->padding);
  *used += part;
  reader->padding -= part;
  if (reader->padding > 0) return;
  reader->state = HEADER;
  reader->filled = 0;
}

shale_read_event shale_reader_next(shale_reader *reader, const uint8_t *bytes, size_t length, size_t *used) {
  *used = 0;
  if (reader->state == FAILED) return SHALE_READ_ERROR;
  while (*used < length) {
    const uint8_t *from = bytes + *used;
    size_t rest = length - *used;
    shale_read_event event = SHALE_READ_MORE;
    switch (reader->state) {
      case HEADER: event = on_header(reader, from, rest, used); break;
      case CONTENT: event = on_content(reader, from, rest, used); break;
      case PADDING: on_padding(reader, rest, used); break;
      /* What follows the end is read, so that the digests cover every byte, but means nothing. */
      case DRAIN: *used += take(reader, rest, rest); break;
      default: event = on_meta(reader, from, rest, used); break;
    }
    if (event != SHALE_READ_MORE) return event;
  }
  return SHALE_READ_MORE;
}

bool shale_reader_finish(shale_reader *reader) {
  if (reader->state == FAILED) return false;
  if (reader->state == DRAIN) return true;
  bool pending = reader->has_pax || reader->has_long_name || reader->has_long_link;
  if (reader->state == HEADER && reader->filled == 0 && !pending) return true;
  return tar_fail(reader, "LAYER_TRUNCATED", "the tar ends in the middle of an entry");
}
