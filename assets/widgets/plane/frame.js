// One frame at a time, and what moves by itself: the opening loop, the flow, the growing circle.

function draw() {
  if (!pending) pending = requestAnimationFrame(frame);
}

function frame(now) {
  pending = 0;
  if (!state || !net || !element.isConnected || !PANES.every((key) => panes[key].holder.clientWidth)) return;
  const began = performance.now();
  if (idle) slide(now);
  if (playing) play(now);
  A = planeMath.ofSingular(state);
  const zx = g(state.x);
  const zy = g(state.y);
  for (const key of PANES) {
    const pane = panes[key];
    pane.reach = key === "latent" && state.mode === "flow" ? 7 : REACH[key];
    fit(pane);
    still(key, pane, key === "output" && dragging === "operator");
    pane.pen.drawImage(pane.sheet, 0, 0, pane.size, pane.size);
  }
  const said = MODES[state.mode](zx, zy);
  marks();
  if (isBroken()) said.gap = BROKEN[state.mode](zx, zy);
  for (const handle of handles) place(handle);
  keepApart();
  element.plane.first ||= performance.now();
  element.plane.frames += 1;
  if (now - worded > 150 || !(idle || dragging || playing)) {
    worded = now;
    speak(said);
  }
  rested = 4 * performance.now() - 3 * began;
  if (idle || playing) draw();
}

function fit(pane) {
  const size = pane.holder.clientWidth;
  if (pane.size === size && pane.ratio === window.devicePixelRatio) return;
  pane.size = size;
  pane.ratio = window.devicePixelRatio;
  pane.pen = lab.sharp(pane.canvas, size, size);
}

function speak(said) {
  const broken = isBroken();
  const mode = broken ? "broken" : said.none ? "none" : state.mode;
  if (broken) {
    said.flat = name === "identity" ? own.words.flat : "";
    said.sign = Number(said.gap) === 0 ? "=" : "≠";
  }
  $("words").classList.toggle("bad", broken);
  $("steps").replaceChildren(
    ...own.steps[state.mode].map((text) =>
      Object.assign(document.createElement("span"), { textContent: text }),
    ),
  );
  $("steps").classList.toggle("live", Boolean(idle || dragging || playing));
  $("words").textContent = fill(own.words[mode], said);
  $("formula").textContent = fill(own[broken ? "parting" : "formulas"][state.mode], said);
  for (const key of PANES)
    panes[key].caption.textContent = own.panes[state.mode === "flow" ? "flow" : "plain"][key];
  element.dataset.state = JSON.stringify({
    ...state,
    t,
    idle: Boolean(idle),
    playing: Boolean(playing),
    ...(broken ? { broken } : {}),
    said,
  });
}

// Two points of one class slide along it; the induced sum stays on it, the ordinary does not.
function slide(now) {
  if (idle === true) idle = now;
  const since = now - idle;
  if (since > ROUNDS * LOOP) return touch(); // nobody looks: the processor and the battery may rest
  const phase = (TAU * since) / LOOP;
  const ease = Math.min(1, since / 1500);
  const { centre, spread } = planes[name].bar;
  const path = (share, lift) => inverse([centre[0] + spread * share, centre[1] + lift]);
  const towards = {
    x: path(-0.95 - 0.5 * Math.cos(phase), 0.08 * Math.sin(2 * phase)),
    y: path(0.95 + 0.5 * Math.sin(phase), -0.08 * Math.sin(phase)), // never near x
  };
  for (const key of ["x", "y"])
    state[key] = state[key].map((v, i) => clamp(v + ease * (towards[key][i] - v), -3, 3));
}

function play(now) {
  const span = state.mode === "flow" ? 3000 : 1100;
  if (playing === true) playing = now;
  const share = clamp((now - playing) / span, 0, 1);
  if (state.mode === "flow") {
    t = share;
    setSlider("t", t);
  } else grown = share;
  if (share >= 1) playing = 0;
}

// What moves when a mode is entered; still for those who asked for that.
function start() {
  grown = 1;
  t = 1;
  playing = !calm.matches && (state.mode === "flow" || state.mode === "project");
  if (playing && state.mode === "flow") t = 0;
  setSlider("t", t);
  draw();
}

// The first touch ends the loop, or its last round.
function touch() {
  if (!idle) return;
  idle = 0;
  woken = true;
  state.x = Array.from(state.x, (v) => round(v));
  state.y = Array.from(state.y, (v) => round(v));
}

function emit() {
  touch();
  woken = false;
  props.value = { ...state, x: Array.from(state.x), y: Array.from(state.y) };
  draw();
}
