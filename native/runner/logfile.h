/* A container's log: one JSON object per line of output, as docker's json-file driver writes them. */
#ifndef SHALE_RUNNER_LOGFILE_H
#define SHALE_RUNNER_LOGFILE_H

#include <stddef.h>

enum { LOG_LINE = 16384 };

/* What has come of a line that has not ended yet. */
struct log_stream {
  const char *name;
  size_t used;
  char line[LOG_LINE];
};

/* Records every whole line of the data at once; longer lines are cut at LOG_LINE bytes, as docker cuts them. */
void log_data(int fd, struct log_stream *stream, const char *data, size_t size);

/* Records what stands after the last newline. */
void log_rest(int fd, struct log_stream *stream);

#endif
