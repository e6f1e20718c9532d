/* What JavaScript calls: the core behind plain numbers. lib/layer/wasm/core.ts is the only caller. */
#include "crc32.h"
#include "memory.h"
#include "record.h"
#include "sha256_many.h"
#include "tar_read.h"
#include "tar_write.h"

/* ---- sha256 ---- */

EXPORT("sha256_size") size_t sha256_size(void) { return sizeof(shale_sha256); }
EXPORT("sha256_init") void sha256_init(shale_sha256 *state) { shale_sha256_init(state); }
EXPORT("sha256_update") void sha256_update(shale_sha256 *state, const uint8_t *bytes, size_t length) {
  shale_sha256_update(state, bytes, length);
}
EXPORT("sha256_final") void sha256_final(shale_sha256 *state, uint8_t *digest) { shale_sha256_final(state, digest); }
/* Inputs that lie whole in memory: `count` pairs of address and length in, as many digests out. */
EXPORT("sha256_many") void sha256_many(const shale_bytes *inputs, size_t count, uint8_t (*digests)[32]) {
  shale_sha256_many(inputs, count, digests);
}
EXPORT("sha256_save") void sha256_save(const shale_sha256 *state, uint8_t *out) { shale_sha256_save(state, out); }
EXPORT("sha256_restore") void sha256_restore(shale_sha256 *state, const uint8_t *in) { shale_sha256_restore(state, in); }

/* ---- crc32 ---- */

EXPORT("crc32") uint32_t crc32(uint32_t crc, const uint8_t *bytes, size_t length) { return shale_crc32(crc, bytes, length); }

/* ---- tar ---- */

/* Room that the header of a record of this length needs at most; the pax form of a name is longer than its record. */
EXPORT("tar_header_bound") size_t tar_header_bound(size_t record_length) { return 16384 + 64 * record_length; }

/* Header of the entry in a record; 0 when it cannot stand in a tar, or the record is malformed. */
EXPORT("tar_header") size_t tar_header(const uint8_t *record, size_t length, uint8_t *out) {
  shale_entry entry;
  const uint8_t *at = record;
  if (!shale_get_record(&at, record + length, &entry)) return 0;
  return shale_tar_header(&entry, out);
}

EXPORT("reader_size") size_t reader_size(void) { return sizeof(shale_reader); }
EXPORT("reader_init") void reader_init(shale_reader *reader) { shale_reader_init(reader); }

static size_t used;

EXPORT("reader_next") int reader_next(shale_reader *reader, const uint8_t *bytes, size_t length) {
  return (int)shale_reader_next(reader, bytes, length, &used);
}
EXPORT("reader_used") size_t reader_used(void) { return used; }
EXPORT("reader_finish") int reader_finish(shale_reader *reader) { return shale_reader_finish(reader); }
EXPORT("reader_record_bound") size_t reader_record_bound(const shale_reader *reader) { return shale_record_bound(&reader->entry); }
EXPORT("reader_record") size_t reader_record(const shale_reader *reader, uint8_t *out) { return shale_put_record(&reader->entry, out); }
EXPORT("reader_data") const uint8_t *reader_data(const shale_reader *reader) { return reader->data.data; }
EXPORT("reader_data_length") size_t reader_data_length(const shale_reader *reader) { return reader->data.length; }
EXPORT("reader_code") const char *reader_code(const shale_reader *reader) { return reader->code; }
EXPORT("reader_message") const char *reader_message(const shale_reader *reader) { return reader->message; }
EXPORT("reader_path") const uint8_t *reader_path(const shale_reader *reader) { return reader->entry.path.data; }
EXPORT("reader_path_length") size_t reader_path_length(const shale_reader *reader) { return reader->entry.path.length; }
