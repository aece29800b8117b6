// The spectrum of B as Generate shows it: app/views/generate/shown.spectrum.
(() => {
  const { filled } = lab.algebra;
  const { general, subscript } = lab.ticks.words;
  const { RTOL } = lab.flow;

  // The chart that the page was opened with, with other numbers: app/widgets/chart.curves.
  lab.spectrumOf = (all, name) => {
    const chart = JSON.parse(lab.page.value("generate-spectrum").text);
    const limit = lab.flow.product(all.model.variances, 1000, "rk4");
    const curves = [limit, all.B].map((B) => Float32Array.from(B, Math.abs).sort().reverse());
    curves.forEach((sigma, k) => {
      const at = new Set(Array.from({ length: 161 }, (__, i) => Math.round(sigma.length ** (i / 160)) - 1));
      const kept = [...at].filter((i) => sigma[i] > 0).sort((a, b) => a - b);
      const trace = chart.figures[0].data[k];
      trace.x = kept.map((i) => i + 1);
      trace.y = kept.map((i) => sigma[i]);
    });
    chart.figures[0].data[1].name = name;
    const [, sigma] = curves;
    const size = sigma.length;
    const rank = sigma.filter((v) => v > RTOL * sigma[0]).length;
    const first = {
      first: general(sigma[0], 3),
      last: general(sigma[size - 1], 2),
      rank,
      n: subscript(size),
      size,
    };
    return {
      spectrum: { text: JSON.stringify(chart) },
      "spectrum-words": filled(lab.told.words.generate.spectrum, first),
    };
  };
})();
