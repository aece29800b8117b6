// A ring on the plane: where the visitor thinks that the sum lies. It is moved by hand or by arrow keys, and
// stays to be compared with what comes.
const ring = document.createElement("div");
ring.tabIndex = 0;
ring.className = "lab-ring";
const REACH = 3;
const STEP = 0.1;
let spot = [0, 0];

const board = () => document.querySelector('#plane-canvas [data-pane="input"]');

const put = (p) => {
  spot = p.map((v) => Math.max(-REACH, Math.min(REACH, v)));
  ring.style.left = `${50 * (1 + spot[0] / REACH)}%`;
  ring.style.top = `${50 * (1 - spot[1] / REACH)}%`;
  ring.setAttribute("aria-valuetext", spot.map((v) => v.toFixed(1)).join(", "));
};

// Where ⊕ puts a⊙x ⊕ b⊙y, by the plane's own network and its state.
const sumOf = () => {
  const node = document.querySelector("#plane-canvas");
  const holder = [node, ...node.querySelectorAll("*")].find((each) => each.plane);
  const told = [node, ...node.querySelectorAll("[data-state]")].find((each) => each.dataset.state);
  if (!holder || !told) return null;
  const { x, y, a, b } = JSON.parse(told.dataset.state);
  const [zx, zy] = [x, y].map((p) => Array.from(holder.plane.encode(p)));
  return Array.from(holder.plane.decode(zx.map((v, i) => a * v + b * zy[i])));
};

const placed = () => {
  const sum = sumOf();
  return sum && { place: spot, miss: Math.hypot(spot[0] - sum[0], spot[1] - sum[1]) };
};

const showRing = () => {
  const wanted = Boolean(lesson) && !card.hidden && stop().question === "place" && board();
  if (!wanted) return ring.remove();
  if (ring.parentElement !== board()) {
    board().append(ring);
    put(guess()?.place ?? [-0.7, -1.6]);
  }
  ring.setAttribute("role", "slider");
  ring.setAttribute("aria-label", own.words.ring);
  ring.setAttribute("aria-disabled", String(isOpen()));
};

lab.hold(ring, {
  begin: () => !isOpen(),
  move(event) {
    const box = board().getBoundingClientRect();
    put([
      REACH * ((2 * (event.clientX - box.left)) / box.width - 1),
      REACH * (1 - (2 * (event.clientY - box.top)) / box.height),
    ]);
  },
});
const nudge = (key) => {
  const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[key];
  if (way && !isOpen()) put(spot.map((v, i) => v + STEP * way[i]));
  return way;
};
ring.addEventListener("keydown", (event) => {
  const way = nudge(event.key);
  if (event.key === "Enter") onward();
  if (!way && event.key !== "Enter") return;
  event.preventDefault();
  event.stopPropagation();
});
