#include "logfile.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "json.h"
#include "util.h"

/* One write per record, so that whoever follows the log sees whole lines. A full disk loses lines, not the container. */
static void write_record(int fd, const struct log_stream *stream) {
  static char record[LOG_LINE * JSON_ESCAPED + 256];
  size_t used = (size_t)sprintf(record, "{\"log\":\"");
  for (size_t i = 0; i < stream->used; i++) used += json_escape(record + used, (unsigned char)stream->line[i]);
  used += (size_t)sprintf(record + used, "\",\"stream\":\"%s\",\"time\":\"", stream->name);
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  used += json_time(record + used, now);
  used += (size_t)sprintf(record + used, "\"}\n");
  (void)write_all(fd, record, used);
}

void log_rest(int fd, struct log_stream *stream) {
  if (fd >= 0 && stream->used > 0) write_record(fd, stream);
  stream->used = 0;
}

void log_data(int fd, struct log_stream *stream, const char *data, size_t size) {
  for (size_t i = 0; fd >= 0 && i < size; i++) {
    stream->line[stream->used++] = data[i];
    if (data[i] == '\n' || stream->used == LOG_LINE) log_rest(fd, stream);
  }
}
