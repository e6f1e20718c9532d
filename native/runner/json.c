#include "json.h"

#include <stdio.h>
#include <string.h>

size_t json_escape(char *to, unsigned char byte) {
  static const char PLAIN[] = "\b\t\n\f\r\"\\", LETTER[] = "btnfr\"\\", HEX[] = "0123456789abcdef";
  /* nearly every byte of a log */
  if (byte > 0x1f && byte != '"' && byte != '\\' && byte != 0x7f) {
    to[0] = (char)byte;
    return 1;
  }
  const char *found = byte == '\0' ? NULL : strchr(PLAIN, byte);
  if (found != NULL) {
    to[0] = '\\';
    to[1] = LETTER[found - PLAIN];
    return 2;
  }
  memcpy(to, "\\u00", 4);
  to[4] = HEX[byte >> 4];
  to[5] = HEX[byte & 15];
  return 6;
}

size_t json_time(char to[JSON_TIME], struct timespec when) {
  struct tm parts;
  gmtime_r(&when.tv_sec, &parts);
  size_t used = strftime(to, JSON_TIME, "%Y-%m-%dT%H:%M:%S", &parts);
  return used + (size_t)snprintf(to + used, JSON_TIME - used, ".%09ldZ", when.tv_nsec);
}
