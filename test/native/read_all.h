/* Reads a tar whatever its bytes are: no endless loop, everything inside the bounds it names; the sanitizers watch the rest. */
#ifndef SHALE_READ_ALL_H
#define SHALE_READ_ALL_H

#include <stdlib.h>

#include "check.h"
#include "record.h"
#include "tar_read.h"

/* Damage must get past the checksum, or little behind it is ever tried. */
static inline void fix_checksum(uint8_t *block) {
  unsigned sum = 8 * ' ';
  for (int i = 0; i < 512; i++) sum += i >= 148 && i < 156 ? 0 : block[i];
  char field[9];
  snprintf(field, sizeof field, "%06o", sum & 0777777);
  memcpy(block + 148, field, 7);
  block[155] = ' ';
}

static inline void fix_checksums(uint8_t *bytes, size_t length) {
  for (size_t at = 0; at + 512 <= length; at += 512) {
    if (memcmp(bytes + at + 257, "ustar", 5) == 0) fix_checksum(bytes + at);
  }
}

/* An entry becomes a record, and the record the same entry. */
static inline void check_record(const shale_reader *reader) {
  shale_entry back;
  uint8_t *record = malloc(shale_record_bound(&reader->entry));
  const uint8_t *from = record;
  size_t size = shale_put_record(&reader->entry, record);
  CHECK(size <= shale_record_bound(&reader->entry));
  CHECK(shale_get_record(&from, record + size, &back) && from == record + size);
  CHECK(back.type == reader->entry.type && back.size == reader->entry.size && back.path.length == reader->entry.path.length);
  CHECK(back.path.length < SHALE_MAX_PATH && (back.path.length == 0 || memchr(back.path.data, 0, back.path.length) == NULL));
  free(record);
}

/* Feeds the bytes in parts whose sizes follow from `seed`. */
static inline void read_all(shale_reader *reader, const uint8_t *bytes, size_t length, uint32_t seed) {
  size_t at = 0, events = 0;
  shale_reader_init(reader);
  while (at < length) {
    seed = seed * 1664525u + 1013904223u;
    size_t used, part = 1 + (seed >> 8) % 2000;
    if (part > length - at) part = length - at;
    shale_read_event event = shale_reader_next(reader, bytes + at, part, &used);
    CHECK(used <= part && ++events < 4 * length + 16);
    if (event == SHALE_READ_ERROR) break;
    CHECK(event != SHALE_READ_MORE || used == part);
    if (event == SHALE_READ_DATA) CHECK(reader->data.data >= bytes && reader->data.data + reader->data.length <= bytes + length);
    if (event == SHALE_READ_ENTRY) check_record(reader);
    at += used;
  }
  if (!shale_reader_finish(reader)) CHECK(reader->code != NULL && reader->message != NULL);
}

#endif
