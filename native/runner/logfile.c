#include "logfile.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "json.h"
#include "util.h"

/* Records that wait to be written: whole ones only, so that whoever follows the log sees whole lines. */
struct batch {
  int fd;
  size_t used;
  /* the end of each record: the time is that of the data, and most of it is formatted once */
  char tail[JSON_TIME + 48];
  size_t tail_size;
};

enum { LONGEST_RECORD = LOG_LINE * JSON_ESCAPED + 256, BATCH = 2 * LONGEST_RECORD };

static const char HEAD[] = "{\"log\":\"";
static char records[BATCH];

static struct batch begin_batch(int fd, const struct log_stream *stream) {
  struct batch batch = {.fd = fd};
  struct timespec now;
  char time[JSON_TIME];
  clock_gettime(CLOCK_REALTIME, &now);
  time[json_time(time, now)] = '\0';
  const int size = snprintf(batch.tail, sizeof batch.tail, "\",\"stream\":\"%s\",\"time\":\"%s\"}\n", stream->name, time);
  batch.tail_size = size < 0 ? 0 : (size_t)size;
  return batch;
}

/* A full disk loses lines, not the container. */
static void write_batch(struct batch *batch) {
  if (batch->used > 0) (void)write_all(batch->fd, records, batch->used);
  batch->used = 0;
}

static void add_record(struct batch *batch, struct log_stream *stream) {
  if (sizeof records - batch->used < LONGEST_RECORD) write_batch(batch);
  char *to = records + batch->used;
  memcpy(to, HEAD, sizeof HEAD - 1);
  to += sizeof HEAD - 1;
  for (size_t i = 0; i < stream->used; i++) to += json_escape(to, (unsigned char)stream->line[i]);
  memcpy(to, batch->tail, batch->tail_size);
  batch->used = (size_t)(to - records) + batch->tail_size;
  stream->used = 0;
}

void log_rest(int fd, struct log_stream *stream) {
  if (stream->used == 0) return;
  struct batch batch = begin_batch(fd, stream);
  add_record(&batch, stream);
  write_batch(&batch);
}

void log_data(int fd, struct log_stream *stream, const char *data, size_t size) {
  struct batch batch = begin_batch(fd, stream);
  while (size > 0) {
    const size_t room = LOG_LINE - stream->used;
    const size_t most = size < room ? size : room;
    const char *newline = memchr(data, '\n', most);
    const size_t taken = newline == NULL ? most : (size_t)(newline - data) + 1;
    memcpy(stream->line + stream->used, data, taken);
    stream->used += taken;
    data += taken;
    size -= taken;
    if (newline != NULL || stream->used == LOG_LINE) add_record(&batch, stream);
  }
  write_batch(&batch);
}
