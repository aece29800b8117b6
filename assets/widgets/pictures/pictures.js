// Pictures: a row or grid of captioned canvases; see app/widgets/pictures.py.
const root = element.querySelector(".tiles");
root.setAttribute("aria-label", props.label || "");
root.style.setProperty("--size", `${own.size}px`);
if (own.columns) root.classList.add("grid");
if (own.tall) root.style.setProperty("--tall", `${own.tall}vh`);

const make = (index) => {
  const tile = document.createElement(own.pick ? "button" : "figure");
  const canvas = document.createElement("canvas");
  canvas.setAttribute("role", "img");
  tile.append(canvas, document.createElement("strong"), document.createElement("small"));
  if (own.pick) {
    tile.type = "button";
    tile.addEventListener("click", () =>
      trigger("pick", { index, id: (props.value.ids || [])[index] ?? "" }),
    );
  }
  return tile;
};

// In place: a drag replaces no part of the page.
const write = (node, text) => {
  if (node.firstChild) node.firstChild.data = text;
  else node.textContent = text;
  node.hidden = !text;
};

let shown = props.value; // the server's, or what the engine drew after it
const draw = () => {
  const value = shown;
  if (!value?.pictures) {
    root.replaceChildren();
    return;
  }
  const data = lab.bytes(value.pictures);
  if (own.columns) root.style.setProperty("--columns", value.columns || own.columns);
  while (root.children.length > value.pictures.count) root.lastChild.remove();
  while (root.children.length < value.pictures.count) root.append(make(root.children.length));
  [...root.children].forEach((tile, index) => {
    const [canvas, caption, note] = tile.children;
    const name = (value.captions || [])[index] || "";
    tile.className = `tile ${(value.hues || own.hues || [])[index] || ""}`;
    lab.paint(canvas, value.pictures, data, index);
    canvas.setAttribute("aria-label", name || (value.ids || [])[index] || props.label);
    write(caption, own.size >= 64 ? name : "");
    write(note, (value.notes || [])[index] || "");
    if (own.pick) {
      tile.title = name;
      tile.setAttribute("aria-pressed", String(index === value.selected));
    }
  });
  root.dataset.at = JSON.stringify(value.at ?? null);
  root.dataset.state = (value.ids || []).join(" ") || (value.notes || []).join(" | ");
};

const show = (value) => {
  shown = value;
  draw();
};

lab.engine.stages.set(own.id, {
  show,
  shown: () => shown,
  seen: () => element.offsetParent !== null,
});
draw();
watch("value", () => {
  show(props.value);
  lab.engine.arrived(own.id);
});
lab.keepFresh(element, draw);
