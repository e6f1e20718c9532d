#include "logfile.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "util.h"

static size_t put_escaped(char *to, unsigned char byte) {
  static const char PLAIN[] = "\b\t\n\f\r\"\\", LETTER[] = "btnfr\"\\";
  const char *found = byte == '\0' ? NULL : strchr(PLAIN, byte);
  if (found != NULL) {
    to[0] = '\\';
    to[1] = LETTER[found - PLAIN];
    return 2;
  }
  if (byte < 0x20 || byte == 0x7f) return (size_t)sprintf(to, "\\u%04x", byte);
  to[0] = (char)byte;
  return 1;
}

static size_t put_time(char *to, size_t room) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  struct tm parts;
  gmtime_r(&now.tv_sec, &parts);
  size_t used = strftime(to, room, "%Y-%m-%dT%H:%M:%S", &parts);
  return used + (size_t)snprintf(to + used, room - used, ".%09ldZ", now.tv_nsec);
}

/* One write per record, so that whoever follows the log sees whole lines. A full disk loses lines, not the container. */
static void write_record(int fd, const struct log_stream *stream) {
  static char record[LOG_LINE * 6 + 256];
  size_t used = (size_t)sprintf(record, "{\"log\":\"");
  for (size_t i = 0; i < stream->used; i++) used += put_escaped(record + used, (unsigned char)stream->line[i]);
  used += (size_t)sprintf(record + used, "\",\"stream\":\"%s\",\"time\":\"", stream->name);
  used += put_time(record + used, 64);
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
