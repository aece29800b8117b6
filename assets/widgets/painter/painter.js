// Painter: one picture, large, to paint on pixel by pixel; see app/widgets/painter.py.
const root = element.querySelector(".easel");
const canvas = element.querySelector("canvas");
const bar = element.querySelector(".buttons");
const size = element.querySelector("input");
canvas.setAttribute("aria-label", props.label);
canvas.setAttribute("role", "img");
element.querySelector(".hint").textContent = own.hint;
element.querySelector(".size span").textContent = own.size;
size.setAttribute("aria-label", own.size);

let tool = "erase";
let levels = null;
let last = null;
let timer = 0;
for (const [name, text] of own.tools) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = text;
  button.dataset.tool = name;
  button.addEventListener("click", () => {
    tool = name;
    mark();
  });
  bar.append(button);
}
const mark = () =>
  [...bar.children].forEach((b) => b.setAttribute("aria-pressed", String(b.dataset.tool === tool)));

const shape = () => ({ ...props.value.pictures, count: 1 });
const show = () => {
  if (levels) lab.paint(canvas, shape(), levels, 0);
};
const draw = () => {
  if (!props.value?.pictures) return;
  if (!last) levels = lab.bytes(props.value.pictures); // a stroke under way is not painted over
  show();
  root.dataset.state = (props.value.ids || []).join(" ");
};

const dab = (x, y) => {
  const { width, height, channels } = props.value.pictures;
  const level = () => (tool === "erase" ? 0 : tool === "ink" ? 255 : Math.floor(256 * Math.random()));
  const reach = (Number(size.value) - 1) / 2;
  for (let v = Math.max(0, y - reach); v <= Math.min(height - 1, y + reach); v++) {
    for (let u = Math.max(0, x - reach); u <= Math.min(width - 1, x + reach); u++) {
      if ((u - x) ** 2 + (v - y) ** 2 > (reach + 0.5) ** 2) continue;
      for (let c = 0; c < channels; c++) levels[(v * width + u) * channels + c] = level();
    }
  }
};
const place = (event) => {
  const box = canvas.getBoundingClientRect();
  return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height].map((part, i) =>
    Math.floor(part * (i ? canvas.height : canvas.width)),
  );
};
const stroke = (event) => {
  const [x, y] = place(event);
  const [a, b] = last;
  const steps = Math.max(1, Math.abs(x - a), Math.abs(y - b));
  for (let i = 1; i <= steps; i++)
    dab(Math.round(a + ((x - a) * i) / steps), Math.round(b + ((y - b) * i) / steps));
  last = [x, y];
  show();
};
const send = () => {
  const { width, height, channels } = props.value.pictures;
  const copy = document.createElement("canvas");
  copy.width = width;
  copy.height = height;
  const data = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    const [red, green = red, blue = red] = levels.slice(i * channels, (i + 1) * channels);
    data.data.set([red, green, blue, 255], 4 * i);
  }
  copy.getContext("2d").putImageData(data, 0, 0);
  trigger("painted", { picture: copy.toDataURL("image/png") });
};

lab.hold(canvas, {
  begin(event) {
    if (!levels) return false;
    event.preventDefault();
    clearTimeout(timer);
    last = place(event);
    dab(...last);
    show();
  },
  move: (event) => lab.trail(event).forEach(stroke),
  end() {
    last = null;
    timer = setTimeout(send, 200);
  },
});

mark();
draw();
watch("value", draw);
lab.keepFresh(element, show);
