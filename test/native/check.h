/* What the tests of the C core share. */
#ifndef SHALE_CHECK_H
#define SHALE_CHECK_H

#include <stdio.h>

static int failures;

#define CHECK(condition)                             \
  do {                                               \
    if (!(condition)) {                              \
      failures++;                                    \
      printf("line %d: %s\n", __LINE__, #condition); \
    }                                                \
  } while (0)

#endif
