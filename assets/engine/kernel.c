// The kernels of an op list (linearizer_core/op_list.py says what each computes), for WebAssembly with SIMD.
// Built by `python assets/engine/build.py`; no library, no allocation, no state.

typedef float f4 __attribute__((vector_size(16), aligned(4)));
typedef int i4 __attribute__((vector_size(16), aligned(4)));

#define KERNEL(name) __attribute__((export_name(#name))) void name
#define INLINE static inline __attribute__((always_inline))
#define OUTS 4 // rows of W that are worked on at once, so that each number read is used as often

INLINE f4 load(const float *p) { return *(const f4 *)p; }
INLINE void store(float *p, f4 v) { *(f4 *)p = v; }
INLINE f4 all(float v) { return (f4){v, v, v, v}; }
INLINE f4 pick(i4 where, f4 a, f4 b) { return (f4)((where & (i4)a) | (~where & (i4)b)); }

// e^x: x = n ln 2 + r, a polynomial of r on |r| ≤ ln 2 / 2, and n into the exponent; relative error 2e-7.
INLINE f4 exp4(f4 x) {
  x = pick(x > all(88.0f), all(88.0f), pick(x < all(-87.0f), all(-87.0f), x));
  const f4 magic = all(12582912.0f); // 1.5 · 2^23: adding it rounds to the nearest whole number
  const f4 n = (x * all(1.44269504f) + magic) - magic;
  const f4 r = (x - n * all(0.693359375f)) + n * all(2.12194440e-4f);
  f4 p = all(1.9875691500e-4f);
  p = p * r + all(1.3981999507e-3f);
  p = p * r + all(8.3334519073e-3f);
  p = p * r + all(4.1665795894e-2f);
  p = p * r + all(1.6666665459e-1f);
  p = p * r + all(5.0000001201e-1f);
  p = p * r * r + r + all(1.0f);
  const i4 power = (__builtin_convertvector(n, i4) + 127) << 23;
  return p * (f4)power;
}

INLINE f4 tanh4(f4 x) { return all(1.0f) - all(2.0f) / (exp4(all(2.0f) * x) + all(1.0f)); }

// Up to four numbers at `p`, and back: the end of a row that is no multiple of 4.
INLINE f4 load_some(const float *p, int count) {
  f4 v = all(0.0f);
  for (int k = 0; k < count; k++) v[k] = p[k];
  return v;
}
INLINE void store_some(float *p, f4 v, int count) {
  for (int k = 0; k < count; k++) p[k] = v[k];
}

#define EACH4(count, body)                                                                                   \
  {                                                                                                          \
    int k = 0;                                                                                               \
    for (; k + 4 <= (count); k += 4) { body(load, store) }                                                   \
    if (k < (count)) {                                                                                       \
      const int left = (count) - k;                                                                          \
      body(LOAD_LEFT, STORE_LEFT)                                                                            \
    }                                                                                                        \
  }
#define LOAD_LEFT(p) load_some(p, left)
#define STORE_LEFT(p, v) store_some(p, v, left)

KERNEL(silu)(float *at, int count) {
#define BODY(L, S)                                                                                           \
  const f4 x = L(at + k);                                                                                    \
  S(at + k, x / (all(1.0f) + exp4(-x)));
  EACH4(count, BODY)
#undef BODY
}

KERNEL(clamp)(float *to, const float *from, int count, float bound) {
#define BODY(L, S)                                                                                           \
  const f4 x = L(from + k);                                                                                  \
  S(to + k, pick(x > all(bound), all(bound), pick(x < all(-bound), all(-bound), x)));
  EACH4(count, BODY)
#undef BODY
}

KERNEL(couple)(float *y, const float *raw, const float *t, int count, float bound, float way) {
#define FORTH(L, S) S(y + k, L(y + k) * exp4(all(bound) * tanh4(L(raw + k) / all(bound))) + L(t + k));
#define BACK(L, S) S(y + k, (L(y + k) - L(t + k)) * exp4(all(-bound) * tanh4(L(raw + k) / all(bound))));
  if (way > 0) EACH4(count, FORTH) else EACH4(count, BACK)
#undef FORTH
#undef BACK
}

KERNEL(add)(float *to, const float *from, int count, float factor) {
#define BODY(L, S) S(to + k, L(to + k) + all(factor) * L(from + k));
  EACH4(count, BODY)
#undef BODY
}

KERNEL(plus)(float *to, const float *constants, int count) { add(to, constants, count, 1.0f); }

KERNEL(scale)(float *at, int count, float by) {
  for (int k = 0; k < count; k++) at[k] *= by;
}

KERNEL(fill)(float *at, int count, float value) {
  for (int k = 0; k < count; k++) at[k] = value;
}

KERNEL(copy)(float *to, const float *from, int count) {
  for (int k = 0; k < count; k++) to[k] = from[k];
}

KERNEL(gather)(float *to, const float *from, const int *index, int count) {
  for (int k = 0; k < count; k++) to[k] = from[index[k]];
}

KERNEL(affine)(float *at, const float *scales, const float *shifts, int channels, int positions) {
  for (int c = 0; c < channels; c++)
    for (int p = 0; p < positions; p++) at[c * positions + p] = scales[c] * at[c * positions + p] + shifts[c];
}

// --- W x + b ------------------------------------------------------------------------------------------------
// One position: rows of W times a vector.
INLINE void rows(float *to, const float *x, const float *W, const float *b, int ins, int count) {
  f4 sums[OUTS];
  for (int o = 0; o < count; o++) sums[o] = all(0.0f);
  int i = 0;
  for (; i + 4 <= ins; i += 4) {
    const f4 v = load(x + i);
    for (int o = 0; o < count; o++) sums[o] += load(W + o * ins + i) * v;
  }
  for (int o = 0; o < count; o++) {
    float sum = b[o] + (sums[o][0] + sums[o][1]) + (sums[o][2] + sums[o][3]);
    for (int k = i; k < ins; k++) sum += W[o * ins + k] * x[k];
    to[o] = sum;
  }
}

// Many positions: `count` rows of W times `vectors` · 4 neighbours.
INLINE void block(
    float *to, const float *x, const float *W, const float *b, int ins, int positions, int count, int vectors) {
  f4 sums[OUTS][2];
  for (int o = 0; o < count; o++)
    for (int v = 0; v < vectors; v++) sums[o][v] = all(b[o]);
  for (int i = 0; i < ins; i++) {
    f4 seen[2];
    for (int v = 0; v < vectors; v++) seen[v] = load(x + i * positions + 4 * v);
    for (int o = 0; o < count; o++) {
      const f4 w = all(W[o * ins + i]);
      for (int v = 0; v < vectors; v++) sums[o][v] += w * seen[v];
    }
  }
  for (int o = 0; o < count; o++)
    for (int v = 0; v < vectors; v++) store(to + o * positions + 4 * v, sums[o][v]);
}

INLINE void mixed_rows(
    float *to, const float *x, const float *W, const float *b, int ins, int positions, int count) {
  if (positions == 1) {
    rows(to, x, W, b, ins, count);
    return;
  }
  int p = 0;
  for (; p + 8 <= positions; p += 8) block(to + p, x + p, W, b, ins, positions, count, 2);
  for (; p + 4 <= positions; p += 4) block(to + p, x + p, W, b, ins, positions, count, 1);
  for (; p < positions; p++)
    for (int o = 0; o < count; o++) {
      float sum = b[o];
      for (int i = 0; i < ins; i++) sum += W[o * ins + i] * x[i * positions + p];
      to[o * positions + p] = sum;
    }
}

KERNEL(mix)
(float *to, const float *from, const float *W, const float *b, int outs, int ins, int positions, int times) {
  for (int t = 0; t < times; t++, to += outs * positions, from += ins * positions) {
    int o = 0;
    for (; o + OUTS <= outs; o += OUTS)
      mixed_rows(to + o * positions, from, W + o * ins, b + o, ins, positions, OUTS);
    for (; o < outs; o++) mixed_rows(to + o * positions, from, W + o * ins, b + o, ins, positions, 1);
  }
}

// --- 3×3 convolution ----------------------------------------------------------------------------------------
INLINE void window(
    float *to, const float *x, const float *W, const float *b, int ins, int h, int w, int count, int vectors,
    const int *places) {
  const int stride = w + 2, plane = (h + 2) * stride;
  f4 sums[OUTS][2];
  for (int o = 0; o < count; o++)
    for (int v = 0; v < vectors; v++) sums[o][v] = all(b[o]);
  for (int i = 0; i < ins; i++, x += plane, W += 9) {
#pragma clang loop unroll(full)
    for (int k = 0; k < 9; k++) {
      f4 seen[2];
      for (int v = 0; v < vectors; v++) seen[v] = load(x + places[v] + (k / 3) * stride + k % 3);
      for (int o = 0; o < count; o++) {
        const f4 weight = all(W[o * ins * 9 + k]);
        for (int v = 0; v < vectors; v++) sums[o][v] += weight * seen[v];
      }
    }
  }
  for (int o = 0; o < count; o++)
    for (int v = 0; v < vectors; v++) {
      const int y = places[v] / stride, across = places[v] % stride;
      store(to + (o * h + y) * w + across, sums[o][v]);
    }
}

INLINE void windows(
    float *to, const float *x, const float *W, const float *b, int ins, int h, int w, int count) {
  const int across = w / 4, vectors = h * across;
  int v = 0;
  for (; v + 2 <= vectors; v += 2) {
    const int places[2] = {v / across * (w + 2) + v % across * 4, (v + 1) / across * (w + 2) + (v + 1) % across * 4};
    window(to, x, W, b, ins, h, w, count, 2, places);
  }
  if (v < vectors) {
    const int places[2] = {v / across * (w + 2) + v % across * 4, 0};
    window(to, x, W, b, ins, h, w, count, 1, places);
  }
  for (int y = 0; y < h; y++) // columns beyond the last four
    for (int c = 4 * across; c < w; c++)
      for (int o = 0; o < count; o++) {
        float sum = b[o];
        for (int i = 0; i < ins; i++)
          for (int k = 0; k < 9; k++)
            sum += W[(o * ins + i) * 9 + k] * x[(i * (h + 2) + y + k / 3) * (w + 2) + c + k % 3];
        to[(o * h + y) * w + c] = sum;
      }
}

KERNEL(conv3)
(float *to, const float *from, float *room, const float *W, const float *b, int outs, int ins, int h, int w) {
  const int stride = w + 2;
  fill(room, ins * (h + 2) * stride, 0.0f);
  for (int i = 0; i < ins; i++)
    for (int y = 0; y < h; y++) copy(room + (i * (h + 2) + y + 1) * stride + 1, from + (i * h + y) * w, w);
  int o = 0;
  for (; o + OUTS <= outs; o += OUTS) windows(to + o * h * w, room, W + o * ins * 9, b + o, ins, h, w, OUTS);
  for (; o < outs; o++) windows(to + o * h * w, room, W + o * ins * 9, b + o, ins, h, w, 1);
}
