// The plane: input, latent and output, linked; everything moves together and nothing asks the server.
//
// props.value: what a visitor has set (standing.py); from the server also `idle`, whether the
// opening loop may run, and with the page `planes`, the models. It is sent back when a hand rests, never
// during a drag. The page's event "lab:plane" with {plane, settled} brings a model that is being trained;
// `element.plane` is for tests and for whoever opens the console. This file is the start: what the other
// files of this folder need is made here.

function shade() {
  const ink = (variable) => lab.colour(variable, element);
  colours = {
    induced: ink("--lab-induced"),
    pixel: ink("--lab-pixel"),
    text: ink("--lab-text"),
    paper: ink("--lab-paper"),
    quiet: ink("--lab-quiet"),
    bad: ink("--lab-bad"),
    accent: ink("--plane-accent"),
  };
  for (let i = 0; i < 6; i++) colours[`class${i}`] = ink(`--plane-class-${i}`);
  colours.key = Object.values(colours).join();
  draw();
}

function build() {
  for (const pane of PANES) {
    const holder = element.querySelector(`[data-pane="${pane}"]`);
    const canvas = holder.querySelector("canvas");
    panes[pane] = {
      holder,
      canvas,
      caption: holder.parentElement.querySelector("figcaption"),
      sheet: document.createElement("canvas"),
      pen: canvas.getContext("2d"),
      size: 0,
      reach: REACH[pane],
    };
    new ResizeObserver(draw).observe(holder);
  }
  HANDLES.forEach(makeHandle);
  built = true;
}

// The clouds, to who is there, and to who comes later and asks.
const tell = () => document.dispatchEvent(new CustomEvent("lab:planes", { detail: planes }));
const wanted = () => {
  if (!element.isConnected) return document.removeEventListener("lab:planes-wanted", wanted);
  tell();
};
document.addEventListener("lab:planes-wanted", wanted);

function read() {
  const value = props.value || {};
  const { planes: given, idle: may, ...standing } = value;
  if (given) {
    // with the page itself: no request stands between it and the first drawing
    planes = {};
    for (const known of Object.keys(given)) take(known, given[known]);
    if (!built) build();
    tell();
    if (/[?&]view=plane&/.test(location.search)) return; // a link: its settings are on their way
  }
  if (may === undefined) return; // what this script itself has set
  if (may && state && !given) {
    // no link: what moves already goes on
    props.value = { ...state };
    return;
  }
  state = standing;
  grown = 1;
  t = 1;
  if (!planes[state.plane]) state.plane = Object.keys(planes)[0];
  idle = may && !calm.matches;
  choose(state.plane);
  props.value = { ...state };
}

element.plane = {
  frames: 0,
  began: performance.now(),
  encode: (p) => g(p),
  decode: (z) => inverse(z),
  operator: () => A,
  power: planeMath.power,
};
for (const sign of ["pointerdown", "focusin"])
  element.addEventListener(sign, () => {
    touch();
    draw();
  });
for (const sign of ["pointerup", "keyup"])
  element.addEventListener(sign, () => {
    if (woken && !dragging) emit();
  });
calm.addEventListener("change", () => {
  if (calm.matches && idle) {
    touch();
    draw();
  }
});
lab.keepFresh(element, shade);
shade();
watch("value", read);
read();
