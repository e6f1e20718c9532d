/* The records of the layer index. lib/layer/record-format.ts describes them; record-reader.ts and record-writer.ts beside it
   are the other implementation. */
#ifndef SHALE_RECORD_H
#define SHALE_RECORD_H

#include "entry.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SHALE_INDEX_MAGIC "SHALEIX1"

/* Upper bound of the bytes that shale_put_record writes. */
size_t shale_record_bound(const shale_entry *entry);
/* Writes one record without source and data; returns its length. `out` holds shale_record_bound bytes. */
size_t shale_put_record(const shale_entry *entry, uint8_t *out);
/* Reads one record and moves *at. The entry points into the bytes read. False when they are malformed. */
bool shale_get_record(const uint8_t **at, const uint8_t *end, shale_entry *entry);
/* Reads magic and count of an index and moves *at. */
bool shale_get_index_header(const uint8_t **at, const uint8_t *end, uint64_t *count);
/* Reads one name and value of packed xattrs and moves *at. */
bool shale_get_xattr(const uint8_t **at, const uint8_t *end, shale_bytes *name, shale_bytes *value);

#ifdef __cplusplus
}
#endif
#endif
