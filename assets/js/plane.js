// The plane: input, latent and output, linked; everything moves together and nothing asks the server.
//
// props.value: what a visitor has set (app/planes.py, Standing); from the server also `idle`, whether the opening loop may run, and
// with the page `planes`, the models. It is sent back when a hand rests, never during a drag. The page's event "lab:plane" with
// {plane, settled} brings a model that is being trained; `element.plane` is for tests and for whoever opens the console.
const $ = (name) => element.querySelector('[data-part="' + name + '"]');
const PANES = ['input', 'latent', 'output'], REACH = { input: 3, latent: 4, output: 3 }, FAR = 7;
const LOOP = 10000, SEGMENT = 40, ROUND = 96, CLOUD = 2000, KEY_STEP = 0.05, TAU = 2 * Math.PI;
const calm = window.matchMedia('(prefers-reduced-motion: reduce)');

let planes = {}, name = '', net = null, latents = null, flowCloud = null;
let state = null, A = [[1, 0], [0, 1]], t = 1, grown = 1, idle = 0, playing = 0, dragging = false;
let pending = 0, worded = 0, rested = 0, colours = {}, built = false, woken = false;
const panes = {}, handles = [];

const clamp = (v, low, high) => Math.min(high, Math.max(low, v));
const round = (v, d = 4) => Number(v.toFixed(d)) || 0;
const show = (v, d = 2) => round(v, d).toFixed(d).replace('-', '−');
const at = (p, i = 0) => '(' + show(p[2 * i]) + ', ' + show(p[2 * i + 1]) + ')';
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, key) => values[key]);
const times = (c, z) => z.map((v) => c * v);
const plus = (z, w) => z.map((v, i) => v + w[i]);
const length = (z) => Math.hypot(z[0], z[1]);
const between = (z, w, from, to, count) => {
  const line = new Float64Array(2 * count + 2);
  for (let i = 0; i <= count; i++) {
    const s = from + (to - from) * i / count;
    line[2 * i] = z[0] + s * (w[0] - z[0]); line[2 * i + 1] = z[1] + s * (w[1] - z[1]);
  }
  return line;
};
const segment = (z, w) => between(z, w, 0, 1, SEGMENT);
const circle = (centre, radius, round = ROUND) => {
  const line = new Float64Array(2 * round + 2);
  for (let i = 0; i <= round; i++) {
    line[2 * i] = centre[0] + radius * Math.cos(TAU * i / round); line[2 * i + 1] = centre[1] + radius * Math.sin(TAU * i / round);
  }
  return line;
};

// --- what is drawn where: a latent line is straight in the middle and bent beside it, an ordinary one the other way round
const g = (points) => net.encode(points);
const inverse = (z) => net.decode(z);
const map = (z) => planeMath.apply(A, z);
const induced = (z) => ({ input: inverse(z), latent: z, output: inverse(map(z)) });
const ordinary = (x) => { const z = g(x); return { input: x, latent: z, output: inverse(map(z)) }; };

function trace(pane, points, closed) {
  const { pen, size, reach } = pane, half = size / 2, unit = half / reach;
  let open = false;
  pen.beginPath();
  for (let i = 0; i < points.length; i += 2) {
    const x = half + unit * points[i], y = half - unit * points[i + 1];
    if (!(Math.abs(x) < 9000 && Math.abs(y) < 9000)) { open = false; continue; }
    if (open) pen.lineTo(x, y); else pen.moveTo(x, y);
    open = true;
  }
  if (closed) pen.closePath();
}

function line(pane, points, { colour, width = 2, dash = [], alpha = 1, filled = false }) {
  const { pen } = pane;
  trace(pane, points, filled);
  pen.strokeStyle = pen.fillStyle = colours[colour] || colour; pen.lineWidth = width; pen.setLineDash(dash); pen.globalAlpha = alpha;
  if (filled) { pen.globalAlpha = 0.12 * alpha; pen.fill(); pen.globalAlpha = alpha; }
  pen.stroke(); pen.setLineDash([]); pen.globalAlpha = 1;
}

const everywhere = (lines, style) => PANES.forEach((pane) => lines[pane] && line(panes[pane], lines[pane], style));

function dots({ pen, size, reach }, points, labels, alpha) {
  const half = size / 2, unit = half / reach;
  for (let label = 0; label < 6; label++) {
    pen.beginPath();
    for (let i = 0; i < points.length; i += 2) {
      if (labels[i / 2] === label) pen.rect(half + unit * points[i] - 1.3, half - unit * points[i + 1] - 1.3, 2.6, 2.6);
    }
    pen.fillStyle = colours['class' + label]; pen.globalAlpha = alpha; pen.fill();
  }
  pen.globalAlpha = 1;
}

function spot(pane, p, { colour, text = '', radius = 6, hollow = false, below = false }) {
  const { pen, size, reach } = pane, x = size / 2 * (1 + p[0] / reach), y = size / 2 * (1 - p[1] / reach);
  if (!(Math.abs(x) < 2000 && Math.abs(y) < 2000)) return;
  pen.beginPath(); pen.arc(x, y, radius, 0, TAU);
  pen.fillStyle = hollow ? colours.paper : colours[colour]; pen.strokeStyle = hollow ? colours[colour] : colours.paper; pen.lineWidth = 2;
  pen.fill(); pen.stroke();
  if (text) note(pane, text, x, y + (below ? 24 : -12), colour);
}

function note({ pen, size }, text, x, y, colour) {
  pen.font = '600 14px system-ui, sans-serif'; pen.textAlign = 'center'; pen.lineWidth = 4; pen.lineJoin = 'round';
  const half = pen.measureText(text).width / 2 + 4;
  const left = clamp(x, half, size - half), top = clamp(y, 14, size - 6);
  pen.strokeStyle = colours.paper; pen.strokeText(text, left, top);
  pen.fillStyle = colours[colour]; pen.fillText(text, left, top);
}

const spots = (places, style, texts = {}) => PANES.forEach((pane) => places[pane] && spot(panes[pane], places[pane], { ...style, text: texts[pane] || '' }));

// --- the still part: grid, circles, data; kept until what it depends on changes
function lattice(step) {
  const lines = [];
  for (let k = -FAR; k <= FAR; k += step) {
    const count = (step > 0.5 ? 3 : 8) * FAR;
    lines.push([k === 0, between([-FAR, k], [FAR, k], 0, 1, count)], [k === 0, between([k, -FAR], [k, FAR], 0, 1, count)]);
  }
  return lines;
}

function still(key, pane, quick) {
  const flow = state.mode === 'flow', matrix = key === 'output' ? A.flat().map((v) => v.toFixed(5)).join() : '';
  const signature = [name, planes[name].version || 0, pane.size, pane.reach, colours.key, state.show.join(), flow, flow ? '' : matrix, quick].join('|');
  if (pane.signature === signature) return;
  pane.signature = signature;
  const sheet = pane.sheet, pen = lab.sharp(sheet, pane.size, pane.size), drawn = { pen, size: pane.size, reach: pane.reach };
  pen.fillStyle = colours.paper; pen.fillRect(0, 0, pane.size, pane.size);
  const place = key === 'latent' || (flow && key === 'input') ? (z) => z : key === 'input' || flow ? inverse : (z) => inverse(map(z));
  const has = (what) => state.show.includes(what), colour = 'induced';
  if (has('grid')) for (const [axis, z] of lattice(quick ? 1 : 0.5)) line(drawn, place(z), { colour, width: axis ? 1.6 : 1, alpha: axis ? 0.55 : 0.26 });
  if (has('circles')) for (let r = 1; r <= 3; r++) line(drawn, place(circle([0, 0], r, quick ? ROUND / 2 : ROUND)), { colour, width: 1.2, alpha: 0.6, dash: [3, 4] });
  if (has('data') && !(flow && key === 'input')) {
    const cloud = planes[name];
    const shown = key === 'input' || (flow && key === 'output') ? cloud.xy : key === 'latent' ? latents : inverse(map(latents));
    dots(drawn, shown, cloud.labelled, flow ? 0.28 : 0.8);
  }
}

// --- what each mode draws, and what it says in words
const MODES = {
  add(zx, zy) {
    const { x, y, a, b } = state, za = times(a, zx), zb = times(b, zy), sum = plus(za, zb);
    const plain = [a * x[0] + b * y[0], a * x[1] + b * y[1]], ax = times(a, x), by = times(b, y);
    const vectors = state.show.includes('vectors');
    everywhere(induced(between(zx, zy, -4, 5, 5 * SEGMENT)), { colour: 'induced', width: 1.2, alpha: 0.55 });
    everywhere(induced(segment(zx, zy)), { colour: 'induced', width: 2.5, alpha: 0.9 });
    everywhere(ordinary(segment(x, y)), { colour: 'pixel', width: 2, dash: [6, 5] });
    if (vectors) {
      const side = { colour: 'pixel', width: 1.4, dash: [3, 4], alpha: 0.8 };
      for (const [p, q] of [[[0, 0], ax], [[0, 0], by], [ax, plain], [by, plain]]) everywhere(ordinary(segment(p, q)), side);
      everywhere(induced([...segment([0, 0], za), ...segment(za, sum), ...segment(sum, zb), ...segment(zb, [0, 0])]),
        { colour: 'induced', width: 2, filled: true, alpha: 0.9 });
    }
    const sums = induced(sum), plains = ordinary(plain), zero = induced([0, 0]);
    if (vectors) spots(zero, { colour: 'induced', radius: 5, hollow: true }, { input: '0', latent: '0', output: '0' });
    spots(plains, { colour: 'pixel', below: true }, { input: '+' });
    spots(sums, { colour: 'induced', radius: 7 }, { input: '⊕' });
    const gap = Math.hypot(sums.input[0] - plain[0], sums.input[1] - plain[1]);
    return { a: show(a), b: show(b), induced: at(sums.input), ordinary: at(plain), gap: show(gap), image: at(sums.output) };
  },

  operator() {
    const [s1, s2] = state.s, u = ends(state.u, [s1, s2]), v = ends(state.v, [1, 1]), ring = circle([0, 0], 1);
    for (const [z, side, colour] of [[ring, 'input', 'induced'], [map(ring), 'output', 'accent']]) {
      const style = { colour, width: 2.5, filled: true };
      line(panes[side], inverse(z), style); line(panes.latent, z, style);
    }
    for (const [axes, side, colour] of [[v, 'input', 'induced'], [u, 'output', 'accent']]) {
      axes.forEach((axis, i) => {
        const z = segment([0, 0], axis), style = { colour, width: 2, dash: i ? [6, 4] : [] };
        line(panes[side], inverse(z), style); line(panes.latent, z, style);
      });
    }
    spots(induced([0, 0]), { colour: 'induced', radius: 5, hollow: true });
    return { s1: show(s1), s2: show(s2), u: show(state.u, 0), v: show(state.v, 0), det: show(s1 * s2) };
  },

  orbit(zx) {
    const curve = [];
    let real = true;
    for (let p = -3; p <= 10.001; p += 0.05) {
      const B = planeMath.power(A, round(p));
      if (B === null) { if (p > 0 && !Number.isInteger(round(p))) real = false; curve.push(NaN, NaN); continue; }
      curve.push(...planeMath.apply(B, zx));
    }
    const points = [];
    for (let n = -3; n <= 10; n++) { const B = planeMath.power(A, n); if (B) points.push([n, planeMath.apply(B, zx)]); }
    const orbit = Float64Array.from(curve), same = { input: inverse(orbit), latent: orbit };
    same.output = same.input;
    if (real) everywhere(same, { colour: 'induced', width: 2, alpha: 0.7 });
    for (const [n, z] of points) {
      const place = inverse(z), text = n >= -1 && n <= 3 ? 'f' + power(n) : '';
      for (const [pane, p] of [['input', place], ['latent', z], ['output', place]]) spot(panes[pane], p, { colour: 'induced', radius: 4, text: pane === 'input' && n ? text : '' });
    }
    const B = planeMath.power(A, state.p);
    if (B) {
      const z = planeMath.apply(B, zx), place = inverse(z);
      spots({ input: place, latent: z, output: place }, { colour: 'accent', radius: 8 }, { output: 'f' + power(state.p) + '(x)' });
      return { p: show(state.p, 1), raised: power(state.p), place: at(place), why: real ? '' : own.words.negative };
    }
    const why = A[0][0] * A[1][1] - A[0][1] * A[1][0] === 0 || state.p < 0 ? own.words.singular : own.words.negative;
    return { none: true, p: show(state.p, 1), why };
  },

  project(zx, zy) {
    const along = zy[0] * zy[0] + zy[1] * zy[1], c = along > 1e-12 ? (zx[0] * zy[0] + zx[1] * zy[1]) / along : 0;
    const foot = times(c, zy), distance = length([zx[0] - foot[0], zx[1] - foot[1]]);
    everywhere(induced(between([0, 0], zy, -6, 6, 6 * SEGMENT)), { colour: 'induced', width: 2.5 });
    for (const share of [1 / 3, 2 / 3, 1]) {
      if (share <= grown + 1e-9) everywhere(induced(circle(zx, share * distance)), { colour: 'accent', width: share === 1 ? 2.2 : 1.2, alpha: share === 1 ? 1 : 0.6 });
    }
    if (grown < 1) everywhere(induced(circle(zx, grown * distance)), { colour: 'accent', width: 2.2 });
    else everywhere(induced(segment(zx, foot)), { colour: 'accent', width: 1.8, dash: [5, 4] });
    spots(induced([0, 0]), { colour: 'induced', radius: 5, hollow: true }, { input: '0', latent: '0' });
    const places = induced(foot);
    if (grown >= 1) spots(places, { colour: 'accent', radius: 7 }, { input: 'P(x)', latent: 'P', output: 'f(P(x))' });
    const plain = (state.x[0] * state.y[0] + state.x[1] * state.y[1]) / Math.max(1e-12, state.y[0] ** 2 + state.y[1] ** 2);
    return { c: show(c), place: at(places.input), distance: show(distance), plain: at(times(plain, state.y)) };
  },

  flow() {
    const cloud = flowCloud || (flowCloud = carry()), now = Math.round(t * state.steps), z = cloud.states[now];
    dots(panes.input, cloud.noise, cloud.labels, 0.9);
    dots(panes.latent, z, cloud.labels, 0.9);
    dots(panes.output, now === state.steps ? cloud.landed : inverse(z), cloud.labels, 0.9);
    const { pen, size, reach } = panes.output, unit = size / 2 / reach;
    pen.strokeStyle = colours.text; pen.lineWidth = 1.2; pen.beginPath();
    for (let i = 0; i < 120; i += 2) {
      const x = size / 2 + unit * cloud.once[i], y = size / 2 - unit * cloud.once[i + 1];
      pen.moveTo(x + 5, y); pen.arc(x, y, 5, 0, TAU);
    }
    pen.stroke();
    return { t: show(now / state.steps), steps: state.steps, method: own.methods[state.method], count: CLOUD, gap: tiny(cloud.gap), b1: show(cloud.B[0]), b2: show(cloud.B[1]) };
  },
};

const SUPER = { '-': '⁻', '.': '·' };
const tiny = (v) => { const [digits, e] = v.toExponential(0).split('e'); return v ? digits + '·10' + power(Number(e)) : '0'; };
const power = (p) => String(round(p, 2)).replace(/./g, (d) => SUPER[d] || '⁰¹²³⁴⁵⁶⁷⁸⁹'[d]);
const ends = (degrees, [p, q]) => { const [c, d] = planeMath.unit(degrees); return [[p * c, p * d], [-q * d, q * c]]; };

// Noise with a class each, stepped point by point; and the same in one go by B, all steps multiplied.
function carry() {
  const plane = planes[name], noise = planeMath.noise(CLOUD, 7), labels = new Uint8Array(CLOUD), start = Float64Array.from(noise);
  for (let i = 0; i < CLOUD; i++) {
    labels[i] = i % plane.noise_means.length;
    start[2 * i] += plane.noise_means[labels[i]][0]; start[2 * i + 1] += plane.noise_means[labels[i]][1];
  }
  const states = [start], B = [1, 1];
  for (let i = 0; i < state.steps; i++) {
    const [p, q] = planeMath.step(plane.variances, i, state.steps, state.method);
    const next = Float64Array.from(states[i]);
    for (let k = 0; k < next.length; k += 2) { next[k] *= p; next[k + 1] *= q; }
    states.push(next); B[0] *= p; B[1] *= q;
  }
  const landed = inverse(states[state.steps]), once = inverse(planeMath.apply([[B[0], 0], [0, B[1]]], start));
  let gap = 0;
  for (let i = 0; i < once.length; i++) gap = Math.max(gap, Math.abs(once[i] - landed[i]));
  return { noise, labels, states, B, landed, once, gap };
}

// --- one frame
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
  const zx = g(state.x), zy = g(state.y);
  for (const key of PANES) {
    const pane = panes[key];
    pane.reach = key === 'latent' && state.mode === 'flow' ? 7 : REACH[key];
    fit(pane);
    still(key, pane, key === 'output' && dragging === 'operator');
    pane.pen.drawImage(pane.sheet, 0, 0, pane.size, pane.size);
  }
  const said = MODES[state.mode](zx, zy);
  marks();
  for (const handle of handles) place(handle);
  element.plane.first ||= performance.now();
  element.plane.frames += 1;
  if (now - worded > 150 || !(idle || dragging || playing)) { worded = now; speak(said); }
  rested = 4 * performance.now() - 3 * began;
  if (idle || playing) draw();
}

function fit(pane) {
  const size = pane.holder.clientWidth;
  if (pane.size === size && pane.ratio === window.devicePixelRatio) return;
  pane.size = size; pane.ratio = window.devicePixelRatio; pane.pen = lab.sharp(pane.canvas, size, size);
}

function speak(said) {
  const mode = said.none ? 'none' : state.mode;
  $('words').textContent = fill(own.words[mode], said);
  $('formula').textContent = fill(own.formulas[state.mode], said);
  for (const key of PANES) panes[key].caption.textContent = own.panes[state.mode === 'flow' ? 'flow' : 'plain'][key];
  element.dataset.state = JSON.stringify({ ...state, t, idle: Boolean(idle), playing: Boolean(playing), said });
}

// --- motion: the opening loop, the flow, the growing circle
function slide(now) {  // two points of one class slide along it; the induced sum stays on it, the ordinary does not
  if (idle === true) idle = now;
  const since = now - idle, phase = TAU * since / LOOP, ease = Math.min(1, since / 1500), { centre, spread } = planes[name].bar;
  const path = (share, lift) => inverse([centre[0] + spread * share, centre[1] + lift]);
  const towards = { x: path(-0.6 - 0.85 * Math.cos(phase), 0.08 * Math.sin(2 * phase)), y: path(0.9 + 0.65 * Math.sin(phase), -0.08 * Math.sin(phase)) };
  for (const key of ['x', 'y']) state[key] = state[key].map((v, i) => clamp(v + ease * (towards[key][i] - v), -3, 3));
}

function play(now) {
  const span = state.mode === 'flow' ? 3000 : 1100;
  if (playing === true) playing = now;
  const share = clamp((now - playing) / span, 0, 1);
  if (state.mode === 'flow') { t = share; setSlider('t', t); } else grown = share;
  if (share >= 1) playing = 0;
}

function start() {  // what moves when a mode is entered; still for those who asked for that
  grown = 1; t = 1;
  playing = !calm.matches && (state.mode === 'flow' || state.mode === 'project');
  if (playing && state.mode === 'flow') t = 0;
  setSlider('t', t); draw();
}

function touch() {  // the first touch ends the loop
  if (!idle) return;
  idle = 0; woken = true; state.x = Array.from(state.x, (v) => round(v)); state.y = Array.from(state.y, (v) => round(v));
}

function emit() { touch(); woken = false; props.value = { ...state, x: Array.from(state.x), y: Array.from(state.y) }; draw(); }

// --- handles
const points = (key) => ({ modes: key === 'y' ? 'add project' : 'add orbit project', colour: 'text' });
const set = (key, p) => { state[key] = [round(clamp(p[0], -3, 3)), round(clamp(p[1], -3, 3))]; };
const turn = (z) => round(Math.atan2(z[1], z[0]) * 180 / Math.PI, 2);
const wrap = (degrees) => round(((degrees + 540) % 360) - 180, 2);
const pullU = (z) => { state.s = [round(clamp(length(z), 0, 2.5)), state.s[1]]; if (length(z) > 0.02) state.u = turn(z); };
const pullW = (z) => {  // the other end: its length is σ₂, its direction turns both
  const sign = state.s[1] < 0 ? -1 : 1;
  state.s = [state.s[0], round(sign * clamp(length(z), 0, 2.5))];
  if (length(z) > 0.02) state.u = wrap(turn(z) - sign * 90);
};

const HANDLES = [
  { key: 'x', pane: 'input', label: 'x', ...points('x'), get: () => state.x, set: (p) => set('x', p) },
  { key: 'y', pane: 'input', label: 'y', ...points('y'), get: () => state.y, set: (p) => set('y', p) },
  { key: 'gx', pane: 'latent', label: 'g(x)', ...points('x'), get: () => g(state.x), set: (z) => set('x', inverse(z)) },
  { key: 'gy', pane: 'latent', label: 'g(y)', ...points('y'), get: () => g(state.y), set: (z) => set('y', inverse(z)) },
  { key: 'v1', pane: 'input', label: 'v₁', modes: 'operator', colour: 'induced', get: () => inverse(planeMath.unit(state.v)), set: (p) => { state.v = turn(g(p)); } },
  { key: 'u1', pane: 'latent', label: 'σ₁u₁', modes: 'operator', colour: 'accent', get: () => ends(state.u, state.s)[0], set: pullU },
  { key: 'u2', pane: 'latent', label: 'σ₂u₂', modes: 'operator', colour: 'accent', get: () => ends(state.u, state.s)[1], set: pullW },
  { key: 'fu1', pane: 'output', label: 'σ₁⊙u₁', modes: 'operator', colour: 'accent', get: () => inverse(ends(state.u, state.s)[0]), set: (p) => pullU(g(p)) },
  { key: 'fu2', pane: 'output', label: 'σ₂⊙u₂', modes: 'operator', colour: 'accent', get: () => inverse(ends(state.u, state.s)[1]), set: (p) => pullW(g(p)) },
];
function makeHandle(spec) {
  const knob = document.createElement('button'), pane = panes[spec.pane];
  knob.type = 'button'; knob.className = 'handle ' + spec.colour; knob.dataset.handle = spec.key; knob.setAttribute('role', 'slider');
  knob.setAttribute('aria-label', fill(own.handle, { name: spec.label, pane: own.panes.plain[spec.pane] })); knob.append(spec.label);
  knob.setAttribute('aria-valuemin', -REACH[spec.pane]); knob.setAttribute('aria-valuemax', REACH[spec.pane]);
  pane.holder.append(knob);
  let offset = [0, 0];
  const where = (event) => {
    const box = pane.holder.getBoundingClientRect(), unit = box.width / 2 / pane.reach;
    return [(event.clientX - box.left - box.width / 2) / unit, (box.top + box.height / 2 - event.clientY) / unit];
  };
  knob.addEventListener('pointerdown', (event) => {
    if (event.button) return;
    dragging = state.mode; playing = 0; grown = 1;
    knob.setPointerCapture(event.pointerId);
    const p = where(event), q = spec.get();
    offset = [q[0] - p[0], q[1] - p[1]];
  });
  knob.addEventListener('pointermove', (event) => {
    if (!dragging || !knob.hasPointerCapture(event.pointerId)) return;
    const p = where(event);
    spec.set([p[0] + offset[0], p[1] + offset[1]]); setSliders(); draw();
  });
  knob.addEventListener('lostpointercapture', () => { dragging = false; emit(); });
  knob.addEventListener('keydown', (event) => {
    const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!move) return;
    event.preventDefault();
    const p = spec.get(), by = KEY_STEP * (event.shiftKey ? 5 : 1);
    spec.set([p[0] + by * move[0], p[1] + by * move[1]]); setSliders(); draw();
  });
  knob.addEventListener('keyup', (event) => { if (event.key.startsWith('Arrow')) emit(); });
  handles.push({ ...spec, knob });
}

function place({ knob, pane, modes, get, label }) {
  const { size, reach } = panes[pane];
  knob.hidden = !modes.includes(state.mode);
  if (knob.hidden) return;
  const p = get(), x = clamp(size / 2 * (1 + p[0] / reach), 0, size), y = clamp(size / 2 * (1 - p[1] / reach), 0, size);
  knob.style.transform = 'translate(' + (x - 22) + 'px,' + (y - 22) + 'px)';
  knob.setAttribute('aria-valuenow', round(p[0], 2));
  knob.setAttribute('aria-valuetext', label + ' ' + fill(own.at, { x: show(p[0]), y: show(p[1]) }));
}

function marks() {  // images of x and y: shown, not dragged
  if (state.mode !== 'add' && state.mode !== 'project') return;
  for (const key of ['x', 'y']) spot(panes.output, inverse(map(g(state[key]))), { colour: 'text', text: 'f(' + key + ')' });
}

// --- keys and sliders
function keys() {
  const rows = (texts, pressed, act) => Object.keys(texts).map((k) => [texts[k], pressed === null ? null : pressed(k), () => { act(k); emit(); }]);
  const named = Object.fromEntries(Object.keys(planes).map((known) => [known, own.planes[known]])), { mode, show: shown } = state;
  lab.keys($('planes'), rows(named, (k) => k === name, choose));
  lab.keys($('modes'), rows(own.modes, (k) => k === mode, (k) => { state.mode = k; keys(); start(); }));
  lab.keys($('show'), rows(own.show, (k) => shown.includes(k), (k) => { state.show = shown.includes(k) ? shown.filter((w) => w !== k) : [...shown, k]; keys(); }));
  $('controls').replaceChildren(...own.controls[mode].map(slider));
  const more = { operator: () => rows(own.presets, null, preset), project: () => [[own.grow, null, start]] };
  more.flow = () => [...rows(own.methods, (k) => k === state.method, (k) => { state.method = k; flowCloud = null; keys(); start(); }), [own.again, null, start]];
  lab.keys($('presets'), mode in more ? more[mode]() : []);
}

function preset(known) {  // without numbers of its own: the A that the model came with
  const { s, u, v } = own.values[known] || planeMath.toSingular(planes[name].A);
  Object.assign(state, { s: s.map((one) => round(one)), u: round(u, 2), v: round(v, 2) }); setSliders();
}

const sigma = { s1: 0, s2: 1 };
const valueOf = (k) => (k === 't' ? t : k in sigma ? state.s[sigma[k]] : state[k]);

function slider(spec) {
  const label = document.createElement('label'), text = document.createElement('span'), input = document.createElement('input'), out = document.createElement('output');
  text.textContent = spec.text; input.type = 'range'; input.dataset.key = spec.key;
  Object.assign(input, { min: spec.low, max: spec.high, step: spec.step, value: valueOf(spec.key) });
  input.addEventListener('input', () => {
    playing = 0;
    const v = Number(input.value), k = spec.key;
    if (k === 't') t = v; else if (k in sigma) state.s = state.s.map((s, i) => (i === sigma[k] ? v : s)); else state[k] = v;
    if (k === 'steps') { flowCloud = null; t = 1; setSlider('t', 1); }
    out.textContent = show(v, spec.digits); dragging = state.mode; draw();
  });
  input.addEventListener('change', () => { dragging = false; emit(); });
  out.textContent = show(valueOf(spec.key), spec.digits);
  label.append(text, input, out); label.spec = spec;
  return label;
}

function setSlider(k, v) {
  const label = [...$('controls').children].find((child) => child.spec && child.spec.key === k);
  if (label) { label.querySelector('input').value = v; label.querySelector('output').textContent = show(v, label.spec.digits); }
}

function setSliders() { for (const spec of own.controls[state.mode]) setSlider(spec.key, valueOf(spec.key)); }

// --- models
function take(known, plane) {  // a model as it comes: its cloud may have come before, while it was still training
  const before = planes[known] || {}, all = { ...before, ...plane, version: (before.version || 0) + 1, net: null };
  if (plane.points) { all.xy = planeMath.floats(plane.points); all.labelled = planeMath.bytes(plane.labels); }
  planes[known] = all;
}

function ready(plane) {  // what is computed when a model is first looked at
  if (plane.net) return plane;
  plane.net = planeMath.network(plane); plane.z = plane.net.encode(plane.xy);
  const rows = [...plane.labelled.keys()].filter((i) => plane.labelled[i] === 0), { z } = plane;
  const mean = (of) => rows.reduce((sum, i) => sum + of(i), 0) / rows.length, centre = [mean((i) => z[2 * i]), mean((i) => z[2 * i + 1])];
  plane.bar = { centre, spread: Math.sqrt(mean((i) => (z[2 * i] - centre[0]) ** 2)) };
  return plane;
}

function choose(known) {
  const plane = ready(planes[known]);
  name = state.plane = known; net = plane.net; latents = plane.z; flowCloud = null;
  keys(); draw();
}

function arrived(event) {
  if (!element.isConnected) return document.removeEventListener('lab:plane', arrived);
  const { plane, settled } = event.detail, fresh = name !== own.trained;
  if (!state || (fresh && !plane.points)) return;
  // On a slow machine not every picture of a training is drawn: three quarters of the time are for the visitor's hand.
  if (!fresh && !settled && (pending || performance.now() < rested)) return;
  take(own.trained, plane); state.token = plane.token;
  if (fresh) touch();
  choose(own.trained);
  if (settled) emit();
}
document.addEventListener('lab:plane', arrived);

// --- start
function shade() {
  const ink = (variable) => lab.colour(variable, element);
  colours = { induced: ink('--lab-induced'), pixel: ink('--lab-pixel'), text: ink('--lab-text'), paper: ink('--lab-paper'), quiet: ink('--lab-quiet'), accent: ink('--plane-accent') };
  for (let i = 0; i < 6; i++) colours['class' + i] = ink('--plane-class-' + i);
  colours.key = Object.values(colours).join();
  draw();
}

function build() {
  for (const pane of PANES) {
    const holder = element.querySelector('[data-pane="' + pane + '"]'), canvas = holder.querySelector('canvas');
    panes[pane] = { holder, canvas, caption: holder.parentElement.querySelector('figcaption'), sheet: document.createElement('canvas'), pen: canvas.getContext('2d'), size: 0, reach: REACH[pane] };
    new ResizeObserver(draw).observe(holder);
  }
  HANDLES.forEach(makeHandle);
  built = true;
}

function read() {
  const value = props.value || {}, { planes: given, idle: may, ...standing } = value;
  if (given) {  // with the page itself: no request stands between it and the first drawing
    planes = {};
    for (const known of Object.keys(given)) take(known, given[known]);
    if (!built) build();
    document.dispatchEvent(new CustomEvent('lab:planes', { detail: planes }));
    if (/[?&]view=plane&/.test(location.search)) return;  // a link: its settings are on their way
  }
  if (may === undefined) return;  // what this script itself has set
  if (may && state && !given) { props.value = { ...state }; return; }  // no link: what moves already goes on
  state = standing; grown = 1; t = 1;
  if (!planes[state.plane]) state.plane = Object.keys(planes)[0];
  idle = may && !calm.matches;
  choose(state.plane);
  props.value = { ...state };
}

element.plane = { frames: 0, began: performance.now(), encode: (p) => g(p), decode: (z) => inverse(z), operator: () => A, power: planeMath.power };
for (const sign of ['pointerdown', 'focusin']) element.addEventListener(sign, () => { touch(); draw(); });
for (const sign of ['pointerup', 'keyup']) element.addEventListener(sign, () => { if (woken && !dragging) emit(); });
calm.addEventListener('change', () => { if (calm.matches && idle) { touch(); draw(); } });
lab.keepFresh(element, shade);
shade();
watch('value', read);
read();
