// Charts by plotly; see app/widgets/chart.py. This script and plotly's are fetched when one is first seen.
// The value is never sent back. This file is the tools and the start.

const SIGNS = {
  circle: "●",
  square: "■",
  diamond: "◆",
  cross: "✚",
  x: "✖",
  star: "★",
  pentagon: "⬟",
  hexagon: "⬢",
};
SIGNS["triangle-up"] = "▲";
SIGNS["triangle-down"] = "▼";
SIGNS["circle-open"] = "○";
SIGNS["square-open"] = "□";
SIGNS["diamond-open"] = "◇";

function toggle(k) {
  groups[k].hidden = !groups[k].hidden;
  return reveal();
}

// Shows what is to be seen of every class.
async function reveal() {
  fillTools();
  if (!Plotly) return draw();
  const seen = ({ plot }) =>
    Plotly.restyle(plot, {
      visible: plot.data.map(isVisible),
      "marker.opacity": plot.data.map((trace) => (holdsPoints(trace) ? opacityOf(trace) : undefined)),
    });
  await Promise.all(panels.map(seen));
  draw();
}

// Thumbnails and lines would cover each other.
function toggleThumbnails() {
  thumbnails = !thumbnails;
  if (thumbnails) lines = false;
  return reveal();
}

function toggleLines() {
  lines = !lines;
  if (lines) thumbnails = false;
  return reveal();
}

function fillTools() {
  $("tools").hidden = !linked() && !own.beside;
  if (!linked()) return;
  const rows = groups.length > 1 ? groups : [];
  const signed = ({ name, symbol }) => `${SIGNS[symbol] ?? "●"} ${name}`;
  lab.keys(
    $("legend"),
    rows.map((group, k) => [signed(group), !group.hidden, () => toggle(k)]),
  );
  [...$("legend").children].forEach((button, k) => {
    button.style.setProperty("--hue", groups[k].colour);
  });
  $("thumbnails").hidden = !linked().sheets.length;
  $("thumbnails").setAttribute("aria-pressed", thumbnails);
  $("lines").hidden = !hasLines();
  $("lines").setAttribute("aria-pressed", lines);
}

let queue = Promise.resolve();
let written = ""; // the value that is drawn

// One drawing after the other; what was overtaken by a newer value is left out.
function build() {
  queue = queue.then(drawAll).catch((error) => {
    $("tools").hidden = false;
    told.textContent = own.words.failed;
    console.error(error);
  });
}

async function drawAll() {
  const { text = "" } = props.value ?? {};
  if (text === written && turns) return;
  written = text;
  const now = text ? JSON.parse(text) : null;
  const others = now?.linked?.sheets?.join() !== shown?.linked?.sheets?.join();
  const other = now?.figures.length !== panels.length || Boolean(now?.linked) !== Boolean(shown?.linked);
  const turned = now && shown && isDeepIn(now) !== isDeep();
  shown = now;
  turns++;
  hover = -1;
  chosen = 0;
  if (others) sheets = [];
  untint();
  if (other || turned) {
    panels.forEach(({ plot }) => Plotly?.purge(plot));
    stage.replaceChildren();
    panels = (now?.figures ?? []).map((_, number) => makePanel(number));
  }
  if (linked()) {
    readPoints();
    picked = linked().picked ?? -1;
    if (others) thumbnails = linked().thumbnails && !lines;
  }
  fillTools();
  guard();
  if (panels.length) await needPlotly();
  for (const panel of panels) await drawPanel(panel);
  if (linked()) {
    panels.forEach(({ frame, number }) => {
      frame.setAttribute("aria-label", `${shown.titles[number]}: ${linked().count} ${own.words.keys}`);
    });
    draw();
  } else tell();
}

const isDeepIn = ({ figures }) => figures[0].data.some((trace) => trace.type === "scatter3d");

async function repaint() {
  if (!shown || !Plotly) return;
  untint();
  if (linked()) readPoints();
  for (const panel of panels) await drawPanel(panel);
  draw();
}

$("thumbnails").textContent = own.words.thumbnails;
$("by-hand").textContent = own.words.by_hand;
$("legend").setAttribute("aria-label", own.words.legend);
$("lines").textContent = own.words.lines;
$("thumbnails").addEventListener("click", toggleThumbnails);
$("lines").addEventListener("click", toggleLines);
$("by-hand").addEventListener("click", () => {
  byHand = !byHand;
  guard();
});
const home = element.closest('[id]:not([id^="html-"])');
const isOurs = (detail) => detail.id === home?.id;
if (home) lab.slides.paints(home, () => Promise.all(panels.map(pictured)));
const onWalk = ({ detail }) => {
  if (!element.isConnected) return document.removeEventListener("lab:walk", onWalk);
  if (isOurs(detail)) {
    walk = detail;
    draw();
  }
};
if (lab.walk && isOurs(lab.walk)) walk = lab.walk;
if (own.beside) {
  const watcher = new MutationObserver(() => (element.isConnected ? draw() : watcher.disconnect()));
  const attributeFilter = ["data-state"];
  const holder = document.getElementById(own.beside);
  if (holder) watcher.observe(holder, { subtree: true, attributes: true, attributeFilter });
}
document.addEventListener("lab:walk", onWalk);
watch("value", build);
new MutationObserver(() => {
  if (element.isConnected) queue = queue.then(repaint);
}).observe(document.body, { attributes: true, attributeFilter: ["class"] });
build();
