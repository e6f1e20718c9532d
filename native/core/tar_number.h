/* Numbers in tar headers and pax records. */
#ifndef SHALE_TAR_NUMBER_H
#define SHALE_TAR_NUMBER_H

#include "bytes.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Octal with leading spaces and trailing spaces or NULs, or GNU's base-256; empty is 0. False when malformed. */
bool shale_parse_field(const uint8_t *field, size_t length, int64_t *value);
/* Nothing but decimal digits, up to 2^53-1. */
bool shale_parse_decimal(shale_bytes text, uint64_t *value);
/* Seconds with an optional sign and fraction; nanoseconds count upwards from the whole second below. */
bool shale_parse_time(shale_bytes text, int64_t *seconds, uint32_t *nanoseconds);

#ifdef __cplusplus
}
#endif
#endif
