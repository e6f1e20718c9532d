/* What JavaScript calls of libzstd. lib/layer/wasm/zstd.ts is the only caller. */
#include <stdint.h>

#include "memory.h"
#include "zstd.h"

EXPORT("is_error") int is_error(size_t result) { return (int)ZSTD_isError(result); }
EXPORT("error_name") const char *error_name(size_t result) { return ZSTD_getErrorName(result); }

EXPORT("compress_bound") size_t compress_bound(size_t length) { return ZSTD_compressBound(length); }

/* NULL when memory is short. Frames hold a checksum of their content. */
EXPORT("compressor") ZSTD_CCtx *compressor(int level) {
  ZSTD_CCtx *context = ZSTD_createCCtx();
  if (context == NULL) return NULL;
  size_t set = ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level);
  size_t checked = ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  return ZSTD_isError(set) || ZSTD_isError(checked) ? NULL : context;
}

/* One whole frame; its length, or an error. */
EXPORT("compress") size_t compress(ZSTD_CCtx *context, uint8_t *out, size_t room, const uint8_t *in, size_t length) {
  return ZSTD_compress2(context, out, room, in, length);
}

/* NULL when memory is short. Takes windows of up to 128 MiB, as libzstd does by default. */
EXPORT("decompressor") ZSTD_DCtx *decompressor(void) { return ZSTD_createDCtx(); }

static size_t consumed, produced;

/* A step of a stream of frames: 0 at the end of a frame, an error, or something else. */
EXPORT("decompress") size_t decompress(ZSTD_DCtx *context, uint8_t *out, size_t room, const uint8_t *in, size_t length) {
  ZSTD_inBuffer from = {in, length, 0};
  ZSTD_outBuffer to = {out, room, 0};
  size_t result = ZSTD_decompressStream(context, &to, &from);
  consumed = from.pos;
  produced = to.pos;
  return result;
}
/* Bytes that the last step took, and made. */
EXPORT("consumed") size_t bytes_consumed(void) { return consumed; }
EXPORT("produced") size_t bytes_produced(void) { return produced; }
