// Pictures: a row or grid of captioned canvases; see app/widgets/pictures.py.
const root = element.querySelector(".tiles");
root.style.setProperty("--size", props.size + "px");
root.setAttribute("aria-label", props.label || "");

const make = (index) => {
  const tile = document.createElement(props.pick ? "button" : "figure");
  tile.className = "tile";
  const caption = document.createElement(props.pick ? "span" : "figcaption");
  tile.append(document.createElement("canvas"), caption);
  if (props.pick) {
    tile.type = "button";
    tile.addEventListener("click", () => trigger("pick", { index, id: (props.value.ids || [])[index] ?? "" }));
  }
  return tile;
};

const draw = () => {
  const value = props.value;
  if (!value || !value.pictures) { root.replaceChildren(); return; }
  const data = lab.bytes(value.pictures);
  while (root.children.length > value.pictures.count) root.lastChild.remove();
  while (root.children.length < value.pictures.count) root.append(make(root.children.length));
  [...root.children].forEach((tile, index) => {
    const text = (value.captions || [])[index] || "";
    lab.paint(tile.firstChild, value.pictures, data, index);
    if (tile.lastChild.textContent !== text) tile.lastChild.textContent = text;
    tile.lastChild.hidden = !text;
    tile.title = text;
    tile.firstChild.setAttribute("role", "img");
    tile.firstChild.setAttribute("aria-label", text || props.label || "picture");
    if (props.pick) tile.setAttribute("aria-pressed", String(index === value.selected));
  });
  root.dataset.state = (value.ids || []).join(" ");
};

draw();
watch("value", draw);
lab.keepFresh(element, draw);
