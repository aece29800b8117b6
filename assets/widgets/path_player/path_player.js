// Frames of a path: one of them large, which a finger chooses or time; see app/views/generate/player.py.
const large = element.querySelector(".large");
const tiles = element.querySelector(".tiles");
const play = element.querySelector("button");
const slider = element.querySelector("input");
const said = element.querySelector("output");
const STEP = 180; // milliseconds for a frame
tiles.setAttribute("aria-label", props.label);
slider.setAttribute("aria-label", props.label);

let data = null;
let at = 0;
let timer = 0;
const count = () => props.value?.pictures?.count ?? 0;

const show = (index) => {
  if (!count()) return;
  at = Math.max(0, Math.min(count() - 1, index));
  lab.paint(large, props.value.pictures, data, at);
  slider.value = at;
  said.textContent = `t = ${props.value.notes[at]}`;
  slider.setAttribute("aria-valuetext", said.textContent);
  large.setAttribute("aria-label", said.textContent);
  [...tiles.children].forEach((tile, i) => tile.classList.toggle("now", i === at));
};

const stop = () => {
  clearInterval(timer);
  timer = 0;
  play.textContent = own.play;
};

const start = () => {
  if (at >= count() - 1) show(0);
  play.textContent = own.pause;
  timer = setInterval(() => {
    show(at + 1);
    if (at >= count() - 1 || !element.isConnected) stop();
  }, STEP);
};

const draw = () => {
  if (!count()) return;
  data = lab.bytes(props.value.pictures);
  while (tiles.children.length > count()) tiles.lastChild.remove();
  while (tiles.children.length < count()) tiles.append(document.createElement("canvas"));
  [...tiles.children].forEach((canvas, i) => lab.paint(canvas, props.value.pictures, data, i));
  slider.max = count() - 1;
  show(timer ? at : count() - 1);
  tiles.dataset.state = (props.value.ids || []).join(" ");
};

play.addEventListener("click", () => (timer ? stop() : start()));
slider.addEventListener("input", () => {
  stop();
  show(Number(slider.value));
});
tiles.addEventListener("click", (event) => {
  const index = [...tiles.children].indexOf(event.target);
  if (index < 0) return;
  stop();
  show(index);
});
stop();
draw();
watch("value", draw);
lab.keepFresh(element, draw);
