/* What the parts of the tar reader share: tar_read.c (the machine), tar_meta.c (headers that describe the next entry),
   tar_pax_fields.c (what pax says of it) and tar_entry.c (the entry itself). */
#ifndef SHALE_TAR_READER_H
#define SHALE_TAR_READER_H

#include "tar_format.h"
#include "tar_read.h"

enum { HEADER, CONTENT, PADDING, META_PAX, META_GLOBAL, META_NAME, META_LINK, DRAIN, FAILED };

/* What a pax header says of the entry that follows it; data == NULL where it says nothing. */
typedef struct {
  shale_bytes path, linkpath, size, uid, gid, mtime;
} pax_fields;

/* Each returns false after it has noted why: the reader has failed. */
bool tar_fail(shale_reader *reader, const char *code, const char *message);
bool tar_corrupt(shale_reader *reader, const char *message);
/* A number of the header, at least `low`. */
bool tar_read_number(shale_reader *reader, tar_field field, int64_t low, uint64_t *value, const char *message);

/* The pax header before the entry; extended attributes go into the entry at once. */
bool tar_read_pax(shale_reader *reader, pax_fields *pax);
/* A global header may describe the archive, but must not rename or resize what follows. */
bool tar_check_global(shale_reader *reader);
/* Sizes, ids and times of the header give way to those of pax. */
bool tar_take_pax_numbers(shale_reader *reader, const pax_fields *pax);

/* The entry that the block and what stood before it describe; `*ignore` for AUFS's own files. */
bool tar_build_entry(shale_reader *reader, bool *ignore);

/* Begins a header that describes the next entry; `*is_meta` is false for any other. */
bool tar_begin_meta(shale_reader *reader, bool *is_meta);
/* All of its content is there. */
bool tar_end_meta(shale_reader *reader);
/* Where its content goes. */
uint8_t *tar_meta_buffer(shale_reader *reader);

#endif
