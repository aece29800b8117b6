// A flat chart before plotly is there: points and pictures stand where they will stand, so nobody waits for
// the script.
const ROOM = 0.05; // of the points' extent, on each side
const SHEET = 400; // milliseconds that a sheet of thumbnails is waited for
const LATER = 100; // and for charts that have more to show

// The part of a chart that will hold the points, from the figure's own margins.
function frameAhead({ number, plot }) {
  const { l, r, t, b } = shown.figures[number].layout.margin;
  return { left: l, top: t, right: plot.clientWidth - r, bottom: plot.clientHeight - b };
}

// Ranges of both axes in which all points lie, in one scale.
function rangesAhead(panel) {
  const { left, top, right, bottom } = frameAhead(panel);
  const ends = [0, 1].map((d) => {
    let low = Infinity;
    let high = -Infinity;
    for (let i = d; i < panel.at.length; i += 2) {
      if (groupOf[i >> 1] < 0) continue;
      low = Math.min(low, panel.at[i]);
      high = Math.max(high, panel.at[i]);
    }
    return low <= high ? [low, high] : [0, 1];
  });
  const extent = ([low, high]) => (1 + 2 * ROOM) * Math.max(high - low, 1e-6);
  const scale = Math.max(extent(ends[0]) / (right - left), extent(ends[1]) / (bottom - top));
  const around = ([low, high], pixels) => [
    (low + high - scale * pixels) / 2,
    (low + high + scale * pixels) / 2,
  ];
  return [around(ends[0], right - left), around(ends[1], bottom - top)];
}

function drawDots(panel, place) {
  const { pen } = panel;
  pen.globalAlpha = isHaze() ? HAZE : FULL;
  for (let i = 0; i < groupOf.length; i++) {
    if (!isShown(i)) continue;
    const [x, y] = place(panel.at, 2 * i);
    pen.fillStyle = groups[groupOf[i]].colour;
    pen.fillRect(x - 1.5, y - 1.5, 3, 3);
  }
  pen.globalAlpha = 1;
}

// Draws what there is, and resolves when it is on the screen.
async function drawNow() {
  panels.forEach(drawOver);
  await new Promise((ready) => requestAnimationFrame(() => setTimeout(ready)));
}

const pause = (milliseconds) => new Promise((ready) => setTimeout(ready, milliseconds));

// Resolves when what can be seen without plotly is on the screen.
async function still() {
  if (!linked() || isDeep() || !groupOf.length) return pause(LATER);
  const sheetsThere = thumbnails ? sheetsCame() : null;
  await drawNow();
  ahead = linked().count;
  tell();
  await Promise.race([sheetsThere, pause(SHEET)]);
  await drawNow();
}

// Plotly's script keeps the page busy for a second, so it runs when no chart is about to show what it can
// without.
const waiting = lab.stills ?? new Set();
lab.stills = waiting;

async function needPlotly() {
  if (Plotly) return;
  if (!window.Plotly) {
    waiting.add(still());
    for (const one of waiting) await one; // also of charts that join meanwhile
    waiting.clear();
  }
  await own.arrive();
  ({ Plotly } = window);
}
