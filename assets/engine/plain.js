// The kernels of an op list in plain JavaScript, for browsers whose WebAssembly has no SIMD; see
// linearizer_core/op_list.py for what each computes. Addresses count numbers, `f` and `i` are all of the
// memory as float32 and as int32.
lab.plainKernels = (f, i32) => ({
  mix(to, from, W, b, outs, ins, positions, times) {
    for (let t = 0; t < times; t++, to += outs * positions, from += ins * positions)
      for (let o = 0; o < outs; o++) {
        const row = to + o * positions;
        if (positions === 1) {
          let sum = f[b + o];
          for (let i = 0; i < ins; i++) sum += f[W + o * ins + i] * f[from + i];
          f[row] = sum;
          continue;
        }
        f.fill(f[b + o], row, row + positions);
        for (let i = 0; i < ins; i++) {
          const w = f[W + o * ins + i];
          const x = from + i * positions;
          for (let p = 0; p < positions; p++) f[row + p] += w * f[x + p];
        }
      }
  },
  conv3(to, from, room, W, b, outs, ins, height, width) {
    const stride = width + 2;
    const plane = (height + 2) * stride;
    f.fill(0, room, room + ins * plane);
    for (let i = 0; i < ins; i++)
      for (let y = 0; y < height; y++) {
        const row = from + (i * height + y) * width;
        f.copyWithin(room + i * plane + (y + 1) * stride + 1, row, row + width);
      }
    for (let o = 0; o < outs; o++) {
      f.fill(f[b + o], to + o * height * width, to + (o + 1) * height * width);
      for (let i = 0; i < ins; i++) {
        const w = W + (o * ins + i) * 9;
        const a0 = f[w];
        const a1 = f[w + 1];
        const a2 = f[w + 2];
        const b0 = f[w + 3];
        const b1 = f[w + 4];
        const b2 = f[w + 5];
        const c0 = f[w + 6];
        const c1 = f[w + 7];
        const c2 = f[w + 8];
        for (let y = 0; y < height; y++) {
          const row = to + (o * height + y) * width;
          let above = room + i * plane + y * stride;
          let here = above + stride;
          let below = here + stride;
          for (let k = row; k < row + width; k++, above++, here++, below++)
            f[k] +=
              a0 * f[above] +
              a1 * f[above + 1] +
              a2 * f[above + 2] +
              (b0 * f[here] + b1 * f[here + 1] + b2 * f[here + 2]) +
              (c0 * f[below] + c1 * f[below + 1] + c2 * f[below + 2]);
        }
      }
    }
  },
  silu(at, count) {
    for (let k = at; k < at + count; k++) f[k] /= 1 + Math.exp(-f[k]);
  },
  clamp(to, from, count, bound) {
    for (let k = 0; k < count; k++) f[to + k] = Math.min(bound, Math.max(-bound, f[from + k]));
  },
  couple(y, raw, t, count, bound, way) {
    for (let k = 0; k < count; k++) {
      const s = bound * Math.tanh(f[raw + k] / bound);
      f[y + k] = way > 0 ? f[y + k] * Math.exp(s) + f[t + k] : (f[y + k] - f[t + k]) * Math.exp(-s);
    }
  },
  add(to, from, count, factor) {
    for (let k = 0; k < count; k++) f[to + k] += factor * f[from + k];
  },
  plus(to, constants, count) {
    for (let k = 0; k < count; k++) f[to + k] += f[constants + k];
  },
  affine(at, scales, shifts, channels, positions) {
    for (let c = 0; c < channels; c++)
      for (let p = at + c * positions; p < at + (c + 1) * positions; p++)
        f[p] = f[scales + c] * f[p] + f[shifts + c];
  },
  scale(at, count, by) {
    for (let k = at; k < at + count; k++) f[k] *= by;
  },
  gather(to, from, index, count) {
    for (let k = 0; k < count; k++) f[to + k] = f[from + i32[index + k]];
  },
  copy(to, from, count) {
    f.copyWithin(to, from, from + count);
  },
  fill(at, count, value) {
    f.fill(value, at, at + count);
  },
});
