// Saving a chart: PNG at least 1024 pixels wide, SVG, and the points as CSV; and the rest of the mode bar.
const WIDE = 1280;

const icon = (path) => ({ width: 24, height: 24, path });
const PNG = icon("M4 4h16v16H4zM6 18h12l-4-6-3 4-2-2z");
const SVG = icon("M4 20L9 6h2l5 14h-2l-1.4-4H7.4L6 20zM8 14h4l-2-6zM18 4h2v16h-2z");
const CSV = icon("M4 4h16v4H4zM4 10h7v4H4zM13 10h7v4h-7zM4 16h7v4H4zM13 16h7v4h-7z");

const fileOf = (number) => (panels.length > 1 ? `${shown.name}-${number + 1}` : shown.name);

function savePicture(panel, format) {
  const { width, height } = panel.plot.getBoundingClientRect();
  const tall = Math.round((WIDE * height) / width);
  return Plotly.downloadImage(panel.plot, {
    format,
    filename: fileOf(panel.number),
    width: WIDE,
    height: tall,
    scale: 1,
  });
}

const quoted = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
const plain = (text) => String(text ?? "").replace(/<[^>]*>/g, "");

// Rows of a chart on its own: the trace's name, then its coordinates.
function rowsOfOne() {
  const { data } = shown.figures[0];
  const rows = [["trace", "x", "y"]];
  for (const trace of data) {
    const x = numbers(trace.x);
    const y = numbers(trace.y);
    for (let i = 0; i < y.length; i++) rows.push([trace.name ?? "", x[i], y[i]]);
  }
  return rows;
}

// Rows of linked charts: number, class, and the coordinates in every one of them.
function rowsOfPoints() {
  const dims = isDeep() ? 3 : 2;
  const head = panels.flatMap((_, k) =>
    Array.from({ length: dims }, (_, d) => `${plain(shown.titles[k])} c${d + 1}`),
  );
  const rows = [["number", "class", ...head]];
  for (let i = 0; i < groupOf.length; i++) {
    if (groupOf[i] < 0) continue;
    rows.push([i, nameOf(i), ...panels.flatMap(({ at }) => [...at.subarray(dims * i, dims * i + dims)])]);
  }
  return rows;
}

function saveTable() {
  const rows = linked() ? rowsOfPoints() : rowsOfOne();
  const text = rows.map((row) => row.map((cell) => quoted(String(cell))).join(",")).join("\n");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([`${text}\n`], { type: "text/csv" }));
  link.download = `${shown.name}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

function configOf(panel) {
  const save = [
    { name: "png", title: own.words.png, icon: PNG, click: () => savePicture(panel, "png") },
    { name: "svg", title: own.words.svg, icon: SVG, click: () => savePicture(panel, "svg") },
    { name: "csv", title: own.words.csv, icon: CSV, click: saveTable },
  ];
  const flat = ["pan2d", "zoom2d", ...(linked() ? ["lasso2d", "select2d"] : []), "resetScale2d"];
  const deep = ["tableRotation", "orbitRotation", "pan3d", "resetCameraDefault3d"];
  const axes = shown.figures[panel.number].data.some((trace) => trace.type === "indicator");
  return {
    displaylogo: false,
    displayModeBar: axes ? "hover" : true,
    scrollZoom: true, // the page keeps its wheel until the chart has the focus, see hand.js
    doubleClick: "reset",
    modeBarButtons: [save, ...(axes ? [] : [isDeep() ? deep : flat])],
  };
}

// What each chart shows, for a slide: plotly's own drawing, which lies on no canvas that can be read, and
// ours over it.
async function pictured(panel) {
  const { width, height } = panel.plot.getBoundingClientRect();
  const below = new Image();
  below.src = await Plotly.toImage(panel.plot, { format: "png", width, height, scale: 2 });
  await below.decode();
  const image = document.createElement("canvas");
  image.width = 2 * width;
  image.height = 2 * height;
  for (const layer of [below, panel.over])
    if (layer.width) image.getContext("2d").drawImage(layer, 0, 0, image.width, image.height);
  return { image, caption: plain(shown.titles[panel.number]), note: plain(shown.notes[panel.number]) };
}
