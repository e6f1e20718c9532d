/*
 * A strict reader of tar streams: ustar, pax, GNU long names, V7. It does no I/O and allocates nothing: the caller
 * feeds bytes and gets events. Whatever two readers could understand in two ways is refused.
 */
#ifndef SHALE_TAR_READ_H
#define SHALE_TAR_READ_H

#include "entry.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Like the limit of Go's archive/tar: a pax header that is larger holds an attack, not a name. */
#define SHALE_MAX_PAX (1u << 20)

typedef enum {
  /* all bytes are consumed */
  SHALE_READ_MORE,
  /* `entry` is complete; it points into the reader and is valid until the next call */
  SHALE_READ_ENTRY,
  /* content of the last entry */
  SHALE_READ_DATA,
  SHALE_READ_ERROR
} shale_read_event;

typedef struct {
  shale_entry entry;
  /* where the next byte stands in the tar */
  uint64_t position;
  /* for SHALE_READ_DATA: part of the bytes that were fed */
  shale_bytes data;
  /* for SHALE_READ_ERROR: a code of lib/util/errors.ts (LAYER_*) and a sentence; `entry.path` may name the entry */
  const char *code, *message;

  /* private */
  int state;
  uint64_t left;
  size_t padding, filled;
  bool has_pax, has_long_name, has_long_link, seen_zero_block, skip_content;
  size_t pax_length, long_name_length, long_link_length;
  uint8_t block[512];
  uint8_t long_name[SHALE_MAX_PATH + 2], long_link[SHALE_MAX_PATH + 2];
  uint8_t path[SHALE_MAX_PATH + 512], link[SHALE_MAX_PATH + 512], hidden[SHALE_MAX_PATH + 512];
  uint8_t pax[SHALE_MAX_PAX];
  uint8_t xattrs[SHALE_MAX_PAX];
} shale_reader;

void shale_reader_init(shale_reader *reader);
/* Goes on until the next event; `used` is how many of the bytes it consumed. After an error there is nothing more. */
shale_read_event shale_reader_next(shale_reader *reader, const uint8_t *bytes, size_t length, size_t *used);
/* At the end of the stream: false, with code and message, when it ends in the middle of something. */
bool shale_reader_finish(shale_reader *reader);

#ifdef __cplusplus
}
#endif
#endif
