/* What the tests of the C core share. */
#include <stdio.h>

static int failures;

#define CHECK(condition)                             \
  do {                                               \
    if (!(condition)) {                              \
      failures++;                                    \
      printf("line %d: %s\n", __LINE__, #condition); \
    }                                                \
  } while (0)
