// Handles: real elements on the plot for keyboard, screen reader and finger, and the hand that drags them.
const listed = () => (shown() <= 64 ? Array.from({ length: shown() }, (_, i) => i) : [selected]);

function makeHandle() {
  const handle = document.createElement("div");
  handle.setAttribute("role", "slider");
  handle.setAttribute("aria-orientation", "vertical");
  handle.setAttribute("aria-valuemin", "0");
  handle.tabIndex = 0;
  handle.className = "handle";
  return handle;
}

function placeHandles() {
  const list = listed();
  while (handles.children.length > list.length) handles.lastChild.remove();
  while (handles.children.length < list.length) handles.append(makeHandle());
  list.forEach((i, at) => {
    const handle = handles.children[at];
    handle.dataset.index = i;
    handle.style.transform = `translate(${xOf(i) - 22}px,${yOf(values[i]) - 22}px)`;
    handle.style.zIndex = i === selected ? 2 : 1;
    handle.setAttribute("aria-label", `Singular value ${i + 1}`);
    handle.setAttribute("aria-valuemax", round4(top));
    handle.setAttribute("aria-valuenow", round4(values[i]));
    handle.setAttribute("aria-valuetext", `${pretty(values[i])}, trained ${pretty(base[i])}`);
  });
}

// A finger keeps the selected handle within its 44 px, a mouse takes the nearest.
function grabbed(x, y, touch) {
  const near = Math.hypot(x - xOf(selected), y - yOf(values[selected])) < 22;
  return touch && near && selected < shown() ? selected : indexAt(x);
}

function at(event) {
  const frame = plot.getBoundingClientRect();
  return { x: event.clientX - frame.left, y: event.clientY - frame.top };
}

function begin(event) {
  const { x, y } = at(event);
  const index = grabbed(x, y, event.pointerType !== "mouse");
  const offset = yOf(values[index]) - y;
  drag = { index, x, y, offset: Math.abs(offset) < 24 ? offset : 0, before: moves, started: false };
  select(index);
  focusHandle();
  // the ring of the plot is enough; the ring of the keyboard comes with a key
  handles.classList.add("by-pointer");
  event.preventDefault();
}

function follow(event) {
  if (!drag) return; // Escape has ended it
  const { x, y } = at(event);
  if (!drag.started) {
    if (Math.hypot(x - drag.x, y - drag.y) < 3) return;
    drag.started = true;
    remember();
  }
  if (brush) sweep(drag.last || drag, { x, y });
  else setValue(drag.index, valueAt(y + drag.offset));
  drag.last = { x, y };
  changed();
}

// Every column between two pointer positions, so that a fast stroke has no holes.
function sweep(from, to) {
  const a = indexAt(from.x);
  const b = indexAt(to.x);
  const step = b < a ? -1 : 1;
  for (let i = a; ; i += step) {
    setValue(i, valueAt(a === b ? to.y : from.y + ((to.y - from.y) * (i - a)) / (b - a)));
    if (i === b) break;
  }
  mark(b);
}

function endDrag(cancelled) {
  if (!drag) return;
  if (cancelled && drag.started) {
    moves = drag.before;
    past.pop();
  }
  const started = drag.started;
  drag = null;
  if (started) {
    recompute();
    rescale();
    draw();
    emit();
  }
}
lab.hold(plot, { begin, move: follow, end: endDrag });

function select(index) {
  if (!mark(clamp(index, 0, shown() - 1))) return;
  draw();
  emit();
}

// Another value is the selected one: its directions are asked for, however it came to that.
function mark(index) {
  if (index === selected) return false;
  selected = index;
  trigger("pick", { model, index });
  return true;
}

function focusHandle() {
  const handle = [...handles.children].find((h) => Number(h.dataset.index) === selected);
  if (handle) handle.focus({ preventScroll: true });
}

const KEYS = {
  ArrowUp: 0.01,
  ArrowRight: 0.01,
  ArrowDown: -0.01,
  ArrowLeft: -0.01,
  PageUp: 0.1,
  PageDown: -0.1,
};

function nudged(key) {
  if (key === "Home") return 0;
  if (key === "End") return top;
  if (!log) return values[selected] + KEYS[key] * top;
  return values[selected] ? values[selected] * (top / low) ** KEYS[key] : KEYS[key] > 0 ? low : 0;
}

handles.addEventListener("focusin", (event) => select(Number(event.target.dataset.index)));
handles.addEventListener("keydown", (event) => {
  handles.classList.remove("by-pointer");
  if (event.key === "Escape") return endDrag(true);
  if (event.shiftKey && (event.key === "ArrowLeft" || event.key === "ArrowRight")) {
    select(selected + (event.key === "ArrowLeft" ? -1 : 1));
    focusHandle();
  } else if (event.key in KEYS || event.key === "Home" || event.key === "End") {
    if (!event.repeat) remember();
    setValue(selected, Math.min(nudged(event.key), top));
    changed();
  } else return;
  event.preventDefault();
});
handles.addEventListener("keyup", () => {
  if (!drag) {
    rescale();
    draw();
  }
});
