/* The two kinds of text that the monitor writes into JSON. */
#ifndef SHALE_RUNNER_JSON_H
#define SHALE_RUNNER_JSON_H

#include <stddef.h>
#include <time.h>

/* The most bytes that one byte becomes, and that a time takes. */
enum { JSON_ESCAPED = 6, JSON_TIME = 40 };

/* What stands for a byte of a string; bytes from 0x80 on are left as they are. Returns how many bytes. */
size_t json_escape(char *to, unsigned char byte);

/* RFC 3339 with nanoseconds. Returns how many bytes. */
size_t json_time(char to[JSON_TIME], struct timespec when);

#endif
