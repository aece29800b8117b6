// Keys and sliders: modes, models, what is shown, the numbers of a mode.

function keys() {
  const rows = (texts, pressed, act) =>
    Object.keys(texts)
      .filter((k) => texts[k])
      .map((k) => [
        texts[k],
        pressed === null ? null : pressed(k),
        () => {
          act(k);
          emit();
        },
      ]);
  const named = Object.fromEntries(Object.keys(planes).map((known) => [known, own.planes[known]]));
  const { mode, show: shown } = state;
  lab.keys(
    $("planes"),
    rows(named, (k) => k === name, choose),
  );
  lab.keys(
    $("modes"),
    rows(
      own.modes,
      (k) => k === mode,
      (k) => {
        state.mode = k;
        keys();
        start();
      },
    ),
  );
  lab.keys(
    $("show"),
    rows(
      state.mode === "add" ? own.show : { ...own.show, vectors: undefined },
      (k) => shown.includes(k),
      (k) => {
        state.show = shown.includes(k) ? shown.filter((w) => w !== k) : [...shown, k];
        keys();
      },
    ),
  );
  $("controls").replaceChildren(...own.controls[mode].map(slider));
  const more = { operator: () => rows(own.presets, null, preset), project: () => [[own.grow, null, start]] };
  more.flow = () => [
    ...rows(
      own.methods,
      (k) => k === state.method,
      (k) => {
        state.method = k;
        flowCloud = null;
        keys();
        start();
      },
    ),
    [own.again, null, start],
  ];
  lab.keys($("presets"), mode in more ? more[mode]() : []);
}

// Without numbers of its own: the A that the model came with.
function preset(known) {
  const { s, u, v } = own.values[known] || planeMath.toSingular(planes[name].A);
  Object.assign(state, { s: s.map((one) => round(one)), u: round(u, 2), v: round(v, 2) });
  setSliders();
}

const sigma = { s1: 0, s2: 1 };
const numberOf = (k) => (k === "t" ? t : k in sigma ? state.s[sigma[k]] : state[k]);

function slider(spec) {
  const label = document.createElement("label");
  const text = document.createElement("span");
  const input = document.createElement("input");
  const out = document.createElement("output");
  text.textContent = spec.text;
  input.type = "range";
  input.dataset.key = spec.key;
  Object.assign(input, { min: spec.low, max: spec.high, step: spec.step, value: numberOf(spec.key) });
  input.addEventListener("input", () => {
    playing = 0;
    const v = Number(input.value);
    const k = spec.key;
    if (k === "t") t = v;
    else if (k in sigma) state.s = state.s.map((s, i) => (i === sigma[k] ? v : s));
    else state[k] = v;
    if (k === "steps") {
      flowCloud = null;
      t = 1;
      setSlider("t", 1);
    }
    out.textContent = show(v, spec.digits);
    dragging = state.mode;
    draw();
  });
  input.addEventListener("change", () => {
    dragging = false;
    emit();
  });
  out.textContent = show(numberOf(spec.key), spec.digits);
  label.append(text, input, out);
  label.spec = spec;
  return label;
}

function setSlider(k, v) {
  const label = [...$("controls").children].find((child) => child.spec && child.spec.key === k);
  if (label) {
    label.querySelector("input").value = v;
    label.querySelector("output").textContent = show(v, label.spec.digits);
  }
}

function setSliders() {
  for (const spec of own.controls[state.mode]) setSlider(spec.key, numberOf(spec.key));
}
