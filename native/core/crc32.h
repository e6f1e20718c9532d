/* CRC-32 of gzip (RFC 1952): eight bytes at a time through tables. */
#ifndef SHALE_CRC32_H
#define SHALE_CRC32_H

#include "bytes.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Continues `crc` (0 at the start) over more bytes. */
uint32_t shale_crc32(uint32_t crc, const uint8_t *bytes, size_t length);

#ifdef __cplusplus
}
#endif
#endif
