/* Where the compiler has vectors and shuffles (clang, GCC 12), and the target at least 128 bits of them. */
#ifndef SHALE_SHA256_VECTOR_H
#define SHALE_SHA256_VECTOR_H

#include "sha256.h"

#if defined(__wasm__) && !defined(__wasm_simd128__)
#define SHALE_VECTORS 0
#elif defined(__has_builtin)
#define SHALE_VECTORS __has_builtin(__builtin_shufflevector)
#else
#define SHALE_VECTORS 0
#endif

/* Shuffles of bytes are SSSE3 on x86; elsewhere what is always there has them. */
#if defined(__x86_64__)
#define SHALE_TARGET_128 __attribute__((target("ssse3")))
#define SHALE_TARGET_128_FAST __attribute__((target("avx2,bmi2")))
#define SHALE_TARGET_256 __attribute__((target("avx2")))
#else
#define SHALE_TARGET_128
#define SHALE_TARGET_128_FAST
#endif

#endif
