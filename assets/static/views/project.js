// Project without a server: what app/views/project does, by the engine, for the axes that a model has in order.
(() => {
  const { difference, dot, filled, minus, norm, ratio, relative } = lab.algebra;
  const { general, subscript } = lab.ticks.words;
  const { page, pictures } = lab;
  const SLUG = "project";
  const USUAL = {
    none: 0,
    noise: 1,
    gaussian: 0.5,
    salt: 0.3,
    hole: 0.3,
    cover: 0.3,
    blur: 0.4,
    negative: 1,
  };
  let current = "";
  let seed = 0;
  let entries = [];

  const words = () => lab.told.words[SLUG];
  const name = () => page.value(`${SLUG}-model`);
  const rank = () => page.value(`${SLUG}-rank`);
  const textOf = ({ kind, amount, seed: dice, picture }) => `${kind};${general(amount)};${dice};${picture}`;
  const ofText = (text) => {
    const [kind, amount, dice, ...rest] = text.split(";");
    return { kind, amount: Number(amount), seed: Number(dice), picture: rest.join(";") };
  };
  const entry = () => ({
    kind: page.value(`${SLUG}-kind`) ?? "none",
    amount: Math.round(1000 * (page.value(`${SLUG}-amount`) ?? 0)) / 1000,
    seed,
    picture: current,
  });

  // --- f ------------------------------------------------------------------------------------------------
  const first = (model, k) => {
    const found = new Float32Array(model.size);
    for (let i = 0; i < k; i++) found[model.order[i]] = 1;
    return found;
  };
  const projection = (model, k, broken) => {
    const kept = first(model, k).map((v) => (broken ? 0.5 + 0.5 * v : v));
    return (z) => lab.algebra.scaled(kept, z);
  };

  const projected = async (model, inputs, k, broken) => {
    const P = projection(model, k, broken);
    const x = inputs.map((each) => lab.spoilt(each, model));
    const z = await model.encode(x);
    const near = z.map(P);
    const rest = z.map((each, i) => minus(each, near[i]));
    const once = await model.decode(near);
    const removed = await model.decode(rest);
    const twice = await model.decode((await model.encode(once)).map(P));
    return { x, z, once, twice, removed, away: rest.map(norm) };
  };

  const ingredients = async () => {
    const model = await lab.model(name());
    const x = lab.spoilt(entry(), model);
    const [z] = await model.encode([x]);
    const along = Float32Array.from(model.order, (axis) => z[axis]);
    const vectors = { x: [x], along: [along] };
    return { ...model.given, shape: model.shape, vectors, id: textOf(entry()).slice(0, 40) };
  };

  const stage = async (broken) => {
    const model = await lab.model(name());
    const k = rank();
    const { x, once, twice, removed, away } = await projected(model, [entry()], k, broken);
    const { tiles } = lab.ticks;
    const again = difference(twice[0], once[0]);
    const id = textOf(entry()).slice(0, 40);
    const shown = [x[0], once[0], twice[0]];
    const titles = [lab.told.words.lab.input, words().once, words().twice];
    const said = broken ? ["", "", "", again.note] : ["", "", filled(words().again, { note: again.note })];
    const value = broken
      ? {
          ...tiles(model.shape, [...shown, again.shown], [...titles, again.caption], said, [id, k, "broken"]),
          hues: ["", "bad", "bad", "bad"],
          columns: 4,
        }
      : tiles(model.shape, shown, titles, said, [id, String(k)]);
    const gap = minus(x[0], once[0]);
    const low = await usual(model, k);
    const step = words().ladder.findLast((each) => each <= Math.max(1, k));
    const eye = await usualByEye(model, step);
    const holes = {
      away: general(away[0], 3),
      low: general(low[0], 2),
      high: general(low[1], 2),
      eye: Math.sqrt(dot(gap, gap) / gap.length).toFixed(2),
      eye_low: eye[0].toFixed(2),
      eye_high: eye[1].toFixed(2),
      step,
    };
    const formula = broken ? words().formula_broken : words().formula;
    return {
      painter: tiles(model.shape, x, [], [], [id]),
      stage: value,
      formula: filled(formula, { k: subscript(k) }),
      removed: tiles(model.shape, [removed[0], gap.map(Math.abs)], [words().taken, words().changed]),
      distance: filled(words().distance[model.name === "faces" ? "face" : "digit"], holes),
      gauge: gauge(away[0], low),
    };
  };

  // The line of the gauge that the page was opened with, with other numbers: app/views/project/gauge.py.
  const gauge = (away, band) => {
    const value = JSON.parse(page.value(`${SLUG}-gauge`).text);
    const [shown] = value.figures[0].data;
    shown.value = away;
    shown.gauge.axis.range = [0, Math.max(3 * band[1], 1.05 * away, 1e-9)];
    shown.gauge.steps[0].range = band;
    return { text: JSON.stringify(value) };
  };

  // How far pictures of the gallery are: 5 of 100 are nearer, 5 of 100 farther.
  const bands = new Map();
  const banded = async (key, measure) => {
    if (!bands.has(key)) {
      const sorted = (await measure()).sort((a, b) => a - b);
      const at = (share) => {
        const place = share * (sorted.length - 1);
        const below = Math.floor(place);
        return sorted[below] + (place - below) * ((sorted[below + 1] ?? sorted[below]) - sorted[below]);
      };
      bands.set(key, [at(0.05), at(0.95)]);
    }
    return bands.get(key);
  };
  const gallery = (model) => lab.told.pages[model.name === "faces" ? "face" : "digits"].ids;
  const near = async (model, k) => {
    const z = await Promise.all(gallery(model).map((id) => pictures.latent(id, model)));
    const P = projection(model, k);
    return [z, z.map(P)];
  };
  const usual = (model, k) =>
    banded(`${model.name} ${k}`, async () => {
      const [z, kept] = await near(model, k);
      return z.map((each, i) => norm(minus(each, kept[i])));
    });
  const usualByEye = (model, k) =>
    banded(`${model.name} ${k} eye`, async () => {
      const [, kept] = await near(model, k);
      const [x, once] = [gallery(model).map((id) => pictures.picture(id, model)), await model.decode(kept)];
      return once.map((each, i) => {
        const gap = minus(x[i], each);
        return Math.sqrt(dot(gap, gap) / gap.length);
      });
    });

  // --- what the hand does -------------------------------------------------------------------------------
  const take = (found) => {
    current = found.picture;
    seed = found.seed;
    page.set(`${SLUG}-kind`, found.kind);
    page.set(`${SLUG}-amount`, found.amount);
    made.changed();
  };
  const opened = () => {
    const found = ofText(lab.told.grids[name()].start);
    [current, seed, entries] = [found.picture, found.seed, [...lab.told.grids[name()].entries]];
    lab.view.turned(SLUG, name());
  };
  lab.view.picks(SLUG, (picture) => take({ kind: "none", amount: 0, seed, picture }));
  page.on(`${SLUG}-kind input`, () => {
    page.set(`${SLUG}-amount`, USUAL[page.value(`${SLUG}-kind`)]);
    made.changed();
  });
  page.on(`${SLUG}-amount input`, () => made.changed());
  page.on(`${SLUG}-grid-x pick`, ({ index }) => take(ofText(entries[index])));
  page.on(`${SLUG}-painter painted`, async ({ picture }) => {
    const reference = `png:${picture.slice(-40)}`;
    pictures.add(reference, await pictures.read(picture, (await lab.model(name())).shape[0] === 3));
    take({ kind: "none", amount: 0, seed, picture: reference });
  });
  lab.starts.push(() => {
    const [dice, keep] = words().buttons;
    page.on(`${dice} click`, () => {
      seed = (seed + 1) % 10000;
      made.changed();
    });
    page.on(`${keep} click`, () => {
      entries = [...entries.slice(1), textOf(entry())];
      lab.view.touch(SLUG);
    });
  });

  // --- when the hand rests ------------------------------------------------------------------------------
  const rests = async (broken) => {
    const model = await lab.model(name());
    const found = await stage(broken);
    for (const [part, value] of Object.entries(found)) page.set(`${SLUG}-${part}`, value);
    const { x, once, twice, away } = await projected(model, entries.map(ofText), rank(), broken);
    const ids = [...entries.map((text) => text.slice(0, 40)), String(rank())];
    const notes = [[], away.map((d) => general(d, 3)), []];
    ["x", "once", "twice"].forEach((part, k) =>
      page.set(`${SLUG}-grid-${part}`, lab.ticks.tiles(model.shape, [x, once, twice][k], [], notes[k], ids)),
    );
  };

  const laws = async (broken) => {
    const model = await lab.model(name());
    const inputs = [entry(), ...entries.map(ofText)];
    const { z, once, twice, removed } = await projected(model, inputs, rank(), broken);
    const [zf, zg] = await model.encode(once.slice(0, 2));
    const sizes = [norm(zf) * norm(z[1]), norm(z[0]) * norm(zg), norm(z[0]) * norm(z[1])];
    const adjoint = ratio(Math.abs(dot(zf, z[1]) - dot(z[0], zg)), ...sizes);
    const [near, rest] = [await model.encode(once), await model.encode(removed)];
    const slant = near.reduce((most, u, i) => {
      const size = norm(u) * norm(rest[i]);
      return Math.max(most, size > 0 ? Math.abs(dot(u, rest[i])) / size : 0);
    }, 0);
    const formulas = [
      filled(words().idempotent, { count: entries.length }),
      words().self_adjoint,
      words().orthogonal,
    ];
    return [relative(twice, once), adjoint, slant].map((error, i) => [words().laws[i], formulas[i], error]);
  };

  const made = { opened, stage, ingredients, laws, rests };
  lab.view(SLUG, made);
})();
