#include "sha256_many.h"

#include "sha256_round.h"

/* One stream of the kernel, and the input that passes through it: its whole blocks, then its padded end. */
typedef struct {
  size_t input;
  const uint8_t *at;
  size_t blocks;
  bool is_end;
  size_t end_blocks;
  uint8_t end[128];
} lane;

typedef struct {
  const shale_sha256_lanes *kernel;
  const shale_bytes *inputs;
  size_t count, next;
  uint8_t (*digests)[32];
  /* the lanes in use are the first ones */
  unsigned busy;
  lane lanes[SHALE_SHA256_MAX_LANES];
  uint32_t h[8 * SHALE_SHA256_MAX_LANES] __attribute__((aligned(32)));
} work;

static void to_end(lane *one) {
  one->at = one->end;
  one->blocks = one->end_blocks;
  one->is_end = true;
}

static void begin(work *w, unsigned index) {
  lane *one = &w->lanes[index];
  one->input = w->next++;
  const shale_bytes input = w->inputs[one->input];
  const size_t whole = input.length & ~(size_t)63;
  one->at = input.data;
  one->blocks = input.length / 64;
  one->is_end = false;
  one->end_blocks = shale_sha256_pad(input.data + whole, input.length - whole, input.length, one->end);
  if (one->blocks == 0) to_end(one);
  for (unsigned i = 0; i < 8; i++) w->h[i * w->kernel->lanes + index] = SHALE_SHA256_INITIAL[i];
}

static void take_column(const work *w, unsigned index, uint32_t h[8]) {
  for (unsigned i = 0; i < 8; i++) h[i] = w->h[i * w->kernel->lanes + index];
}

/* The input of a lane is through: the next one takes its place, or else the last busy lane. */
static void leave(work *w, unsigned index) {
  uint32_t h[8];
  take_column(w, index, h);
  shale_sha256_digest(h, w->digests[w->lanes[index].input]);
  if (w->next < w->count) {
    begin(w, index);
    return;
  }
  const unsigned last = --w->busy, lanes = w->kernel->lanes;
  if (index == last) return;
  const lane *from = &w->lanes[last];
  lane *to = &w->lanes[index];
  *to = *from;
  if (to->is_end) to->at = to->end + (from->at - from->end);
  for (unsigned i = 0; i < 8; i++) w->h[i * lanes + index] = w->h[i * lanes + last];
}

/* All lanes go on by as many blocks as the one that has fewest. Idle ones repeat the first lane's, for nothing. */
static void advance(work *w) {
  const uint8_t *blocks[SHALE_SHA256_MAX_LANES];
  size_t count = w->lanes[0].blocks;
  for (unsigned i = 0; i < w->kernel->lanes; i++) {
    const lane *one = &w->lanes[i < w->busy ? i : 0];
    blocks[i] = one->at;
    if (one->blocks < count) count = one->blocks;
  }
  w->kernel->run(w->h, blocks, count);
  /* Downwards: a lane that leaves is replaced by one that has been seen. */
  for (unsigned i = w->busy; i-- > 0;) {
    lane *one = &w->lanes[i];
    one->at += 64 * count;
    one->blocks -= count;
    if (one->blocks > 0) continue;
    if (one->is_end) leave(w, i);
    else to_end(one);
  }
}

static void finish_alone(const work *w, unsigned index) {
  const lane *one = &w->lanes[index];
  uint32_t h[8];
  take_column(w, index, h);
  shale_sha256_blocks(h, one->at, one->blocks);
  if (!one->is_end) shale_sha256_blocks(h, one->end, one->end_blocks);
  shale_sha256_digest(h, w->digests[one->input]);
}

void shale_sha256_many_with(const shale_sha256_lanes *kernel, const shale_bytes *inputs, size_t count, uint8_t (*digests)[32]) {
  work w = {.kernel = kernel, .inputs = inputs, .count = count, .digests = digests};
  for (; w.busy < kernel->lanes && w.next < count; w.busy++) begin(&w, w.busy);
  /* A kernel that is half idle is no faster than one stream after the other. */
  while (w.busy > kernel->lanes / 2) advance(&w);
  for (unsigned i = 0; i < w.busy; i++) finish_alone(&w, i);
}

void shale_sha256_many(const shale_bytes *inputs, size_t count, uint8_t (*digests)[32]) {
  shale_sha256_lanes kernels[SHALE_SHA256_LANE_KERNELS];
  if (count > 1 && shale_sha256_lanes_of_cpu(kernels) > 0) {
    shale_sha256_many_with(&kernels[0], inputs, count, digests);
    return;
  }
  for (size_t i = 0; i < count; i++) {
    shale_sha256 state;
    shale_sha256_init(&state);
    shale_sha256_update(&state, inputs[i].data, inputs[i].length);
    shale_sha256_final(&state, digests[i]);
  }
}
