// Generate without a server: what app/views/generate does, by the engine.
(() => {
  const { combined, difference, filled, minus, plus, relative, scaled, seconds, times } = lab.algebra;
  const { minus: shown, general, subscript } = lab.ticks.words;
  const { page, pictures } = lab;
  const SLUG = "generate";
  const GRID = 15;
  const FRAMES = 12;
  const LINE = { digits: 33, faces: 17 };
  const WEIGHTS = [0.6, 0.4];
  const { RTOL } = lab.flow;
  const LARGEST = 2 ** 31 - 1;
  let pair = [];

  const words = () => lab.told.words[SLUG];
  const value = (part) => page.value(`${SLUG}-${part}`);
  const visible = (x) => x.map((v) => 0.5 + v / 6);
  const pageOf = (seed) => Array.from({ length: GRID }, (__, k) => seed - (seed % GRID) + k);
  // What the work makes, and seconds: browsers round the clock, so it is done again until some have passed.
  const timed = (work) => {
    const began = performance.now();
    const made = work();
    let times = 1;
    for (; performance.now() - began < 3; times++) work();
    return [made, (performance.now() - began) / 1000 / times];
  };

  // What is asked for: the run, its start g_noise, its operator B.
  const run = async (broken) => {
    const model = await lab.model(value("model"));
    const [steps, method] = [value("steps"), value("method")];
    const label = value("class");
    const named = model.classes > 0 && label !== "any" && label !== undefined && label !== null;
    const mean = (k) => model.noise_means.subarray(k * model.size, (k + 1) * model.size);
    const start = named
      ? lab.transport.shift(mean(label))
      : lab.transport.transport(model.noise_means, model.size);
    const B = lab.flow.product(model.variances, steps, broken ? "simpson" : method);
    const N = (z, keep) => lab.flow.integrate(model.variances, z, steps, method, keep);
    const noise = (seed) => lab.flow.white(seed, model.size);
    const one = async (zs) => model.decode(zs.map((z) => scaled(B, z)));
    const many = async (zs) => model.decode(zs.map((z) => N(z)));
    return {
      model,
      seed: value("seed"),
      steps,
      method,
      label: named ? label : null,
      start,
      B,
      N,
      noise,
      one,
      many,
    };
  };
  const said = ({ label, steps, method }) => [label === null ? "any" : String(label), String(steps), method];
  const nSteps = ({ steps, method }) =>
    steps === 1 ? words().step[method] : filled(words().steps[method], { n: steps });

  // --- the stage ----------------------------------------------------------------------------------------
  const stage = async (broken) => {
    const all = await run(broken);
    const { model, seed, B, N } = all;
    const x = all.noise(seed);
    const z = all.start.there(x);
    N(z.subarray(0, 16)); // the first steps ever taken pay for the browser's own start
    const [end, long] = timed(() => N(z));
    const [made, short] = timed(() => scaled(B, z));
    const [many, one] = await model.decode([end, made]);
    const gap = difference(many, one);
    const titles = [words().noise, nSteps(all), broken ? words().one_broken : words().one, gap.caption];
    const notes = [filled(words().seed, { seed }), seconds(long), seconds(short), gap.note];
    const ids = [String(seed), ...said(all)];
    const shownOnes = [visible(x), many, one, gap.shown];
    const tiles = lab.ticks.tiles(model.shape, shownOnes, titles, notes, ids);
    return {
      stage: broken ? { ...tiles, hues: ["", "", "bad", "bad"] } : tiles,
      formula: formula(all, broken),
    };
  };

  const formula = ({ steps, method, label }, broken) => {
    const key = `${method} ${label === null ? "any" : "class"} ${Number(broken)}`;
    const text = steps === 1 ? words().formulas_one[key] : words().formulas[key];
    return filled(text, {
      last: steps - 1,
      h: general(1 / steps, 3),
      c: label === null ? "" : subscript(label),
    });
  };

  // --- when the hand rests ------------------------------------------------------------------------------
  const rests = async (broken) => {
    const all = await run(broken);
    for (const part of [seeds, path, back, line, (each) => lab.spectrumOf(each, nSteps(each))])
      for (const [name, found] of Object.entries(await part(all, broken))) page.set(`${SLUG}-${name}`, found);
  };

  const seeds = async (all) => {
    const shownSeeds = pageOf(all.seed);
    const made = await all.one(shownSeeds.map((seed) => all.start.there(all.noise(seed))));
    const captions = shownSeeds.map((seed) => filled(words().seed, { seed }));
    const tiles = lab.ticks.tiles(all.model.shape, made, captions, [], shownSeeds.map(String));
    return { grid: { ...tiles, selected: all.seed % GRID } };
  };

  const path = async (all) => {
    const count = Math.min(FRAMES, all.steps + 1);
    const at = new Set(Array.from({ length: count }, (__, k) => Math.round((k * all.steps) / (count - 1))));
    const states = all.N(all.start.there(all.noise(all.seed)), (k) => at.has(k));
    const notes = [...at].sort((a, b) => a - b).map((k) => String(Number((k / all.steps).toFixed(2))));
    const ids = [[String(all.seed), ...said(all)].join(",")];
    const frames = await all.model.decode(states);
    return { path: lab.ticks.tiles(all.model.shape, frames, [], notes, ids) };
  };

  const inverse = (B) => {
    const cut = RTOL * B.reduce((top, v) => Math.max(top, Math.abs(v)), 0);
    return B.map((v) => (Math.abs(v) > cut ? 1 / v : 0));
  };
  const noiseOf = async ({ model, B }) => {
    const z = await Promise.all(pair.map((each) => pictures.latent(each, model)));
    return z.map((each) => scaled(inverse(B), each));
  };

  const back = async (all, broken) => {
    const { model, start } = all;
    const right = broken ? (await run(false)).B : all.B;
    const x0 = (await noiseOf(all)).map(start.back);
    const again = await model.decode(x0.map((x) => scaled(right, start.there(x))));
    const found = {};
    pair.forEach((reference, k) => {
      const x = pictures.picture(reference, model);
      const gap = difference(again[k], x);
      const mean = x0[k].reduce((sum, v) => sum + v, 0) / model.size;
      const sd = Math.sqrt(x0[k].reduce((sum, v) => sum + (v - mean) ** 2, 0) / (model.size - 1));
      const titles = [`x${subscript(k + 1)}`, words().its_noise, words().back, gap.caption];
      const notes = ["", filled(words().sd, { sd: sd.toFixed(2) }), "", gap.note];
      const ids = [reference, ...said(all)];
      const four = [x, visible(x0[k]), again[k], gap.shown];
      found[`x${k + 1}`] = lab.ticks.tiles(model.shape, four, titles, notes, ids);
    });
    return found;
  };

  const travelled = (rows) => {
    const found = [0];
    for (let i = 1; i < rows.length; i++)
      found.push(found[i - 1] + lab.algebra.norm(minus(rows[i], rows[i - 1])));
    return found;
  };
  const line = async (all, broken) => {
    const plain = broken ? await run(false) : all;
    const { model, start, B } = plain;
    const [a, b] = await noiseOf(plain);
    const count = LINE[model.name];
    const z0 = Array.from({ length: count }, (__, i) => {
      const t = i / (count - 1);
      return plus(times(1 - t, a), times(t, b));
    });
    const z1 = z0.map((z) => scaled(B, z));
    const made = await model.decode(z1);
    const x0 = z0.map(start.back);
    const frames = lab.ticks.tiles(model.shape, [...made, ...x0.map(visible)], []).pictures;
    const induced = { induced: travelled(z1), pixel: travelled(made) };
    return {
      film: { frames, travelled: { induced, pixel: { induced: travelled(z0), pixel: travelled(x0) } } },
    };
  };

  // --- laws ---------------------------------------------------------------------------------------------
  const laws = async (broken) => {
    const all = await run(broken);
    const { model, start, seed, B } = all;
    const [x, y] = [all.noise(seed), all.noise(seed + 1)];
    const z = [x, y].map(start.there);
    const ends = await all.one(z);
    const [many] = await all.many([z[0]]);
    const mixed = start.there(start.back(combined(WEIGHTS, z)));
    const [blended] = await all.many([mixed]);
    const [sums] = await model.decode([combined(WEIGHTS, await model.encode(ends))]);
    const rank = inverse(B).filter((v) => v !== 0).length;
    const full = rank === B.length;
    const wanted = full ? pair.map((each) => pictures.picture(each, model)) : ends;
    const from = (await model.encode(wanted)).map((each) =>
      start.there(start.back(scaled(inverse(B), each))),
    );
    const found = await all.many(from);
    const gap = minus(ends[0], many);
    const mean = lab.algebra.dot(gap, gap) / gap.length;
    const decibel = mean ? `${(-10 * Math.log10(mean)).toFixed(0)} dB` : lab.told.words.lab.identical;
    const [a, b] = WEIGHTS.map(shown);
    return [
      [
        lab.told.words.lab.one_step,
        filled(words().one_step, { steps: nSteps(all), decibel }),
        relative([ends[0]], [many]),
      ],
      [
        words().law_inversion,
        full ? words().inversion : filled(words().inversion_part, { rank, size: B.length }),
        relative(found, wanted),
      ],
      [lab.told.words.lab.linearity, filled(words().superposition, { a, b }), relative([blended], [sums])],
    ];
  };

  // --- what the hand does -------------------------------------------------------------------------------
  const opened = () => {
    pair = [...lab.told.examples[value("model")]];
    lab.view.turned(SLUG, value("model"));
    made.changed(); // the times on screen are of this browser
  };
  const switched = (model) => {
    lab.view.show(SLUG, model);
    opened();
  };
  lab.view.picks(SLUG, (id) => {
    const model = pictures.modelFor(id, value("model"));
    if (model !== value("model")) switched(model);
    pair[value("fills") === 1 ? 1 : 0] = id;
    made.changed();
  });
  page.on(`${SLUG}-model input`, () => switched(value("model")));
  for (const name of ["seed", "class", "steps", "method"])
    page.on(`${SLUG}-${name} change`, () => made.changed());
  page.on(`${SLUG}-grid pick`, ({ id }) => page.set(`${SLUG}-seed`, Number(id)));
  lab.starts.push(() => {
    page.on(`${words().others} click`, () => {
      const next = pageOf(value("seed"))[GRID - 1] + 1;
      page.set(`${SLUG}-seed`, next > LARGEST ? 0 : next);
    });
  });

  const made = { opened, stage, laws, rests };
  lab.view(SLUG, made);
})();
