/* The records of pax headers. */
#ifndef SHALE_TAR_PAX_H
#define SHALE_TAR_PAX_H

#include "bytes.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum { SHALE_PAX_RECORD, SHALE_PAX_END, SHALE_PAX_MALFORMED } shale_pax_result;

/* Reads "LENGTH KEY=VALUE\n" and moves *at. */
shale_pax_result shale_next_pax(const uint8_t **at, const uint8_t *end, shale_bytes *key, shale_bytes *value);

#ifdef __cplusplus
}
#endif
#endif
