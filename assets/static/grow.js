// In the engine's worker: the weights of a model that follow from the others, by the rules of
// app/static/compact.py, in double precision.
(() => {
  // The inverse of a matrix (n, n) by Gauss and Jordan, with the largest pivot of each column.
  const inverse = (matrix, n) => {
    const a = Float64Array.from(matrix);
    const order = new Int32Array(n);
    for (let k = 0; k < n; k++) {
      let best = k;
      for (let i = k + 1; i < n; i++) if (Math.abs(a[i * n + k]) > Math.abs(a[best * n + k])) best = i;
      order[k] = best;
      const row = a.subarray(k * n, k * n + n);
      if (best !== k) {
        const other = a.subarray(best * n, best * n + n);
        const kept = row.slice();
        row.set(other);
        other.set(kept);
      }
      const pivot = 1 / row[k];
      row[k] = 1;
      for (let j = 0; j < n; j++) row[j] *= pivot;
      for (let i = 0; i < n; i++) {
        const at = i * n;
        const factor = a[at + k];
        if (i === k || factor === 0) continue;
        a[at + k] = 0;
        for (let j = 0; j < n; j++) a[at + j] -= factor * row[j];
      }
    }
    for (let k = n - 1; k >= 0; k--) {
      if (order[k] === k) continue;
      for (let i = 0; i < n; i++) {
        const kept = a[i * n + k];
        a[i * n + k] = a[i * n + order[k]];
        a[i * n + order[k]] = kept;
      }
    }
    return a;
  };

  // A B for A (rows, inner) and B (inner, columns).
  const product = (A, B, rows, inner, columns) => {
    const found = new Float64Array(rows * columns);
    for (let i = 0; i < rows; i++) {
      const row = found.subarray(i * columns, (i + 1) * columns);
      for (let k = 0; k < inner; k++) {
        const factor = A[i * inner + k];
        for (let j = 0, at = k * columns; j < columns; j++, at++) row[j] += factor * B[at];
      }
    }
    return found;
  };

  const part = (weights, at, count) => Float64Array.from(weights.subarray(at, at + count));

  const RULES = {
    inverse({ inverse: n, of: [W, b], to: [V, c] }, weights) {
      const found = inverse(part(weights, W, n * n), n);
      weights.set(found, V);
      if (c === null) return;
      const shift = product(found, part(weights, b, n), n, n, 1);
      weights.set(
        shift.map((v) => -v),
        c,
      );
    },
    undo({ undo: [n, r], of: [U, V], to }, weights) {
      const u = part(weights, U, n * r);
      const inner = product(part(weights, V, n * r), u, r, n, r).map((v, i) => (i % (r + 1) ? -v : 1 - v));
      weights.set(
        product(u, inverse(inner, r), n, r, r).map((v) => -v),
        to,
      );
    },
  };

  const leftOut = (rules) =>
    rules
      .flatMap((rule) =>
        rule.undo
          ? [[rule.to, rule.undo[0] * rule.undo[1]]]
          : [
              [rule.to[0], rule.inverse ** 2],
              [rule.to[1] ?? -1, rule.inverse],
            ],
      )
      .filter(([at], k, all) => at >= 0 && all.findIndex(([other]) => other === at) === k)
      .sort(([a], [b]) => a - b);

  // The bytes of weights.bin of a model as the page carries it.
  lab.grown = ({ manifest, rules, indices, carried }) => {
    const content = new ArrayBuffer(4 * (manifest.indices + manifest.weights));
    new Int32Array(content, 0, manifest.indices).set(indices);
    const weights = new Float32Array(content, 4 * manifest.indices);
    let from = 0;
    let to = 0;
    for (const [at, count] of [...leftOut(rules), [manifest.weights, 0]]) {
      weights.set(carried.subarray(from, from + at - to), to);
      from += at - to;
      to = at + count;
    }
    for (const rule of rules) RULES[rule.undo ? "undo" : "inverse"](rule, weights);
    return content;
  };
})();
