// Train a plane while it is watched: pick or draw points, press train; what comes back is handed to the plane
// by the page's event "lab:plane".
const $ = (name) => element.querySelector(`[data-part="${name}"]`);
const VIEW = 3;
const SIDE = 220;
const SPRAY = 0.16;
const MOST = 3000;
const pad = $("pad");
let chosen = "moons";
let ink = 0;
let running = "";
let clouds = {};
let last = null;
const mine = { xy: [], labelled: [] };

const cloudOf = () => (chosen === "own" ? mine : clouds[chosen] || { xy: [], labelled: [] });

function draw() {
  const pen = lab.sharp(pad, SIDE, SIDE);
  const { xy, labelled } = cloudOf();
  for (let i = 0; i < labelled.length; i++) {
    pen.fillStyle = lab.colour(`--plane-class-${labelled[i]}`, element);
    pen.fillRect(
      (SIDE / 2) * (1 + xy[2 * i] / VIEW) - 1,
      (SIDE / 2) * (1 - xy[2 * i + 1] / VIEW) - 1,
      2.4,
      2.4,
    );
  }
  element.dataset.state = JSON.stringify({
    set: chosen,
    points: labelled.length,
    phase: last ? last.phase : "",
    step: last ? last.step : 0,
  });
}

function keys() {
  const drawn = chosen === "own";
  lab.keys(
    $("sets"),
    ["moons", "rings", "spiral", "checkerboard", "own"].map((name) => [
      own.words[name],
      name === chosen,
      () => {
        chosen = name;
        keys();
      },
    ]),
  );
  lab.keys($("inks"), [
    ...own.words.inks.map((text, i) => [
      text,
      i === ink,
      () => {
        ink = i;
        keys();
      },
    ]),
    [
      own.words.clear,
      null,
      () => {
        mine.xy = [];
        mine.labelled = [];
        draw();
      },
    ],
  ]);
  $("inks").hidden = $("hint").hidden = !drawn;
  tables();
  pad.classList.toggle("drawing", drawn);
  $("train").disabled = $("load").disabled = Boolean(running);
  $("stop").disabled = !running;
  draw();
}

lab.hold(pad, { begin: (event) => (chosen === "own" ? spray(event) : false), move: spray });

function spray(event) {
  const box = pad.getBoundingClientRect();
  const limit = (v) => Math.max(-VIEW, Math.min(VIEW, v));
  for (let i = 0; i < 6 && mine.labelled.length < MOST; i++) {
    const a = 6.2832 * Math.random();
    const r = SPRAY * Math.sqrt(Math.random());
    mine.xy.push(
      limit((((event.clientX - box.left) / box.width) * 2 - 1) * VIEW + r * Math.cos(a)),
      limit((1 - ((event.clientY - box.top) / box.height) * 2) * VIEW + r * Math.sin(a)),
    );
    mine.labelled.push(ink);
  }
  draw();
}

const token = () =>
  [...crypto.getRandomValues(new Uint8Array(12))].map((b) => b.toString(16).padStart(2, "0")).join("");

$("train").textContent = own.words.train;
$("stop").textContent = own.words.stop;
$("hint").textContent = own.hint;
$("train").addEventListener("click", () => {
  running = token();
  last = null;
  $("files").replaceChildren();
  $("progress").value = 0;
  $("text").textContent = "…";
  keys();
  const rounded = chosen === "own" ? mine.xy.map((v) => Number(v.toFixed(3))) : [];
  trigger("train", {
    run: running,
    set: chosen,
    points: rounded,
    labels: chosen === "own" ? mine.labelled : [],
  });
});
$("stop").addEventListener("click", () => {
  $("stop").disabled = true;
  trigger("stop", { run: running });
});

function offer(files) {
  lab.keys(
    $("files"),
    Object.keys(files).map((name) => [
      own.words.save.replace("{name}", name),
      null,
      () =>
        save(
          name,
          Uint8Array.from(atob(files[name]), (c) => c.charCodeAt(0)),
        ),
    ]),
  );
}

function read() {
  const value = props.value;
  if (!value?.phase || (value.run && value.run !== running)) return;
  last = value;
  $("text").textContent = value.text;
  if (value.steps) $("progress").value = value.step / value.steps;
  const over = value.phase !== "waiting" && value.phase !== "training";
  if (value.plane)
    document.dispatchEvent(
      new CustomEvent("lab:plane", {
        detail: { plane: { ...value.plane, token: value.run }, settled: over },
      }),
    );
  if (!over) return draw();
  if (value.phase === "done") $("progress").value = 1;
  if (value.files) offer(value.files);
  if (value.phase === "points") {
    mine.xy = value.xy;
    mine.labelled = value.labelled;
    chosen = "own";
  }
  running = "";
  keys();
}

$("load").textContent = own.words.load;
$("load").addEventListener("click", () => choose(PLANES));
for (const kind of ["dragover", "drop"])
  element.addEventListener(kind, (event) => {
    event.preventDefault();
    if (kind === "drop") bring([...event.dataTransfer.files]);
  });

const arrived = (event) => {
  if (!element.isConnected) return document.removeEventListener("lab:planes", arrived);
  clouds = event.detail;
  keys();
};
document.addEventListener("lab:planes", arrived);
lab.keepFresh(element, draw);
keys();
document.dispatchEvent(new CustomEvent("lab:planes-wanted"));
watch("value", read);
