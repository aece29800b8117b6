// Handles: points, directions and singular values of the three planes, to be dragged or moved by arrow keys.
// x and y are handles in the input plane and, as g(x) and g(y), in the latent one.
const ofPoint = (key) => ({ modes: key === "y" ? "add project" : "add orbit project", colour: "text" });
const set = (key, p) => {
  state[key] = [round(clamp(p[0], -3, 3)), round(clamp(p[1], -3, 3))];
};
const turn = (z) => round((Math.atan2(z[1], z[0]) * 180) / Math.PI, 2);
const wrap = (degrees) => round(((degrees + 540) % 360) - 180, 2);
// The end of an axis is pulled: its length is σ₁, its direction turns both axes; likewise the end of the
// other one.
const pullU = (z) => {
  state.s = [round(clamp(length(z), 0, 2.5)), state.s[1]];
  if (length(z) > 0.02) state.u = turn(z);
};
const pullW = (z) => {
  const sign = state.s[1] < 0 ? -1 : 1;
  state.s = [state.s[0], round(sign * clamp(length(z), 0, 2.5))];
  if (length(z) > 0.02) state.u = wrap(turn(z) - sign * 90);
};

const HANDLES = [
  { key: "x", pane: "input", label: "x", ...ofPoint("x"), get: () => state.x, set: (p) => set("x", p) },
  { key: "y", pane: "input", label: "y", ...ofPoint("y"), get: () => state.y, set: (p) => set("y", p) },
  {
    key: "gx",
    pane: "latent",
    label: "g(x)",
    ...ofPoint("x"),
    get: () => g(state.x),
    set: (z) => set("x", inverse(z)),
  },
  {
    key: "gy",
    pane: "latent",
    label: "g(y)",
    ...ofPoint("y"),
    get: () => g(state.y),
    set: (z) => set("y", inverse(z)),
  },
  {
    key: "v1",
    pane: "input",
    label: "v₁",
    modes: "operator",
    colour: "induced",
    get: () => inverse(planeMath.unit(state.v)),
    set: (p) => {
      state.v = turn(g(p));
    },
  },
  {
    key: "u1",
    pane: "latent",
    label: "σ₁u₁",
    modes: "operator",
    colour: "accent",
    get: () => ends(state.u, state.s)[0],
    set: pullU,
  },
  {
    key: "u2",
    pane: "latent",
    label: "σ₂u₂",
    modes: "operator",
    colour: "accent",
    get: () => ends(state.u, state.s)[1],
    set: pullW,
  },
  {
    key: "fu1",
    pane: "output",
    label: "σ₁⊙u₁",
    modes: "operator",
    colour: "accent",
    get: () => inverse(ends(state.u, state.s)[0]),
    set: (p) => pullU(g(p)),
  },
  {
    key: "fu2",
    pane: "output",
    label: "σ₂⊙u₂",
    modes: "operator",
    colour: "accent",
    get: () => inverse(ends(state.u, state.s)[1]),
    set: (p) => pullW(g(p)),
  },
];

function makeHandle(spec) {
  const knob = makeKnob(spec);
  const pane = panes[spec.pane];
  pane.holder.append(knob);
  const where = (event) => {
    const box = pane.holder.getBoundingClientRect();
    const unit = box.width / 2 / pane.reach;
    return [
      (event.clientX - box.left - box.width / 2) / unit,
      (box.top + box.height / 2 - event.clientY) / unit,
    ];
  };
  const move = (p) => {
    spec.set(p);
    setSliders();
    draw();
  };
  let offset = ZERO;
  lab.hold(knob, {
    begin(event) {
      dragging = state.mode;
      playing = 0;
      grown = 1;
      const p = where(event);
      const q = spec.get();
      offset = [q[0] - p[0], q[1] - p[1]];
    },
    move: (event) => move(plus(where(event), offset)),
    end() {
      dragging = false;
      emit();
    },
  });
  knob.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!way) return;
    event.preventDefault();
    move(plus(Array.from(spec.get()), times(KEY_STEP * (event.shiftKey ? 5 : 1), way)));
  });
  knob.addEventListener("keyup", (event) => {
    if (event.key.startsWith("Arrow")) emit();
  });
  handles.push({ ...spec, knob });
}

function makeKnob(spec) {
  const knob = document.createElement("button");
  knob.type = "button";
  knob.className = `handle ${spec.colour}`;
  knob.dataset.handle = spec.key;
  knob.setAttribute("role", "slider");
  knob.setAttribute("aria-label", fill(own.handle, { name: spec.label, pane: own.panes.plain[spec.pane] }));
  knob.append(spec.label);
  knob.setAttribute("aria-valuemin", -REACH[spec.pane]);
  knob.setAttribute("aria-valuemax", REACH[spec.pane]);
  return knob;
}

function place(handle) {
  const { knob, pane, modes, get, label } = handle;
  const { size } = panes[pane];
  knob.hidden = !modes.includes(state.mode);
  if (knob.hidden) return;
  const p = get();
  const [x, y] = onPane(panes[pane], p).map((v) => clamp(v, 0, size));
  handle.place = [x, y];
  knob.style.transform = `translate(${x - 22}px,${y - 22}px)`;
  knob.setAttribute("aria-valuenow", round(p[0], 2));
  knob.setAttribute("aria-valuetext", `${label} ${fill(own.at, { x: show(p[0]), y: show(p[1]) })}`);
}

// The names of two handles that come close lean away from each other.
function keepApart() {
  const seen = handles.filter(({ knob }) => !knob.hidden);
  for (const { knob, pane, place: p } of seen) {
    const others = seen.filter((other) => other.pane === pane && other.knob !== knob);
    const lean = others.map((other) => leaning(p, other.place)).find(Boolean) ?? 0;
    knob.dataset.lean = ["left", "", "right"][lean + 1];
  }
}

// Images of x and y: shown, not dragged; nameless where what a broken law makes of them is named.
function marks() {
  if (state.mode !== "add" && state.mode !== "project") return;
  const images = [state.x, state.y].map((p) => inverse(map(g(p))));
  const places = images.map((p) => onPane(panes.output, p));
  images.forEach((p, i) => {
    const text = isBroken() && state.mode === "add" ? "" : `f(${"xy"[i]})`;
    spot(panes.output, p, { colour: "text", text, lean: leaning(places[i], places[1 - i]) });
  });
}
