// Ticks in the browser: the little linear algebra between two encodings, and the words that go with it.
// What is written here is written in the core, too, and tests compare them.
(() => {
  // --- numbers -----------------------------------------------------------------------------------------------
  // The Float32Array that app.engine.packed wrote.
  const floats = (text) => {
    const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    return new Float32Array(bytes.buffer);
  };

  // Σ wᵢ vᵢ
  const combined = (weights, vectors) => {
    const sum = new Float32Array(vectors[0].length);
    weights.forEach((w, i) => {
      if (w) for (let k = 0; k < sum.length; k++) sum[k] += w * vectors[i][k];
    });
    return sum;
  };

  // Axis by axis: σ ∘ c.
  const scaled = (values, c) => c.map((v, k) => v * values[k]);

  // The first k numbers, and 0 for the others.
  const kept = (c, k) => c.map((v, i) => (i < k ? v : 0));

  const norm = (v) => Math.sqrt(v.reduce((sum, x) => sum + x * x, 0));

  // Singular values after moves of the spectrum: app/views/spectrum/moves.py says what each does.
  const LARGEST = 1000;
  const CUT = 0.05;
  const TINY = 1e-6;
  const moved = (values, [kind, first, second]) => {
    if (kind === "set") return values.map((v, i) => (i === first ? second : v));
    if (kind === "keep") return kept(values, first);
    let top = 0;
    for (const v of values) top = Math.max(top, v);
    const cut = (first < 0 ? CUT : TINY) * top;
    return values.map((v) => (v > cut ? Math.min(LARGEST, v ** first) : 0));
  };

  // --- words -------------------------------------------------------------------------------------------------
  // Python's format(v, ".<digits>g").
  const general = (v, digits = 6) => {
    if (v === 0) return "0";
    const [mantissa, power] = v.toExponential(digits - 1).split("e");
    const trim = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
    const e = Number(power);
    if (e < -4 || e >= digits)
      return `${trim(mantissa)}e${e < 0 ? "-" : "+"}${String(Math.abs(e)).padStart(2, "0")}`;
    return trim(v.toFixed(Math.max(0, digits - 1 - e)));
  };
  const signed = (text) => text.replace("-", "−");
  const minus = (v) => signed(v.toFixed(2));
  const subscript = (n) => String(n).replace(/\d/g, (digit) => "₀₁₂₃₄₅₆₇₈₉"[digit]);
  const summed = (terms) => terms.join(" + ").replaceAll("+ −", "− ");

  // Pictures as bytes (C, H, W) → (H, W, C): what app.pictures.encoding.to_pixels makes of them.
  const pixelsOf = (
    picture,
    [channels, height, width],
    to = new Uint8ClampedArray(picture.length),
    from = 0,
  ) => {
    const positions = height * width;
    for (let c = 0; c < channels; c++)
      for (let p = 0; p < positions; p++) to[from + p * channels + c] = 255 * picture[c * positions + p];
    return to;
  };

  // The value of a `Pictures` widget for pictures as vectors, each (C, H, W).
  const tiles = (shape, pictures, captions, notes = [], ids = []) => {
    const size = pictures[0].length;
    const data = new Uint8ClampedArray(pictures.length * size);
    pictures.forEach((picture, k) => {
      pixelsOf(picture, shape, data, k * size);
    });
    const [channels, height, width] = shape;
    return {
      pictures: { count: pictures.length, height, width, channels, data },
      captions,
      notes,
      ids,
      selected: -1,
    };
  };

  // --- views -------------------------------------------------------------------------------------------------
  // Each: (ingredients, where the controls stand) → null where the server must answer, or {program, vectors, shown}:
  // `shown(results)` is the stage's value, and what else is written where.
  const views = {
    interpolate: ({ vectors, shape, words, age }, { weights, years }) => {
      const { latents, pixels, older = [] } = vectors;
      const used = weights.slice(0, latents.length);
      const later = older.length ? years : 0;
      const z = combined([...used, later], [...latents, ...older]);
      let induced = words.induced;
      if (age) {
        const read = used.reduce((sum, w, i) => sum + w * age.of[i], age.offset + later * age.year);
        induced = `${induced}, looks ${read.toFixed(0)}`;
      }
      const terms = used.map((w, i) => `${minus(w)} g(x${subscript(i + 1)})`);
      if (later) terms.push(`${signed(general(later))} g(older)`);
      const notes = [
        `g⁻¹( ${summed(terms)} )`,
        summed(used.map((w, i) => `${minus(w)} x${subscript(i + 1)}`)),
      ];
      const shown = ([picture]) => ({
        stage: tiles(shape, [picture, combined(used, pixels)], [induced, words.pixel], notes),
      });
      return { program: "decode", vectors: [z], shown };
    },
  };

  lab.ticks = { ...views, words: { general, minus, subscript, summed } };
  Object.assign(lab.ticks, { numbers: { floats, combined, scaled, kept, norm, moved } });
})();
