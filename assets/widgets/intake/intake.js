// Buttons, and what the server understood: the picture as it was given, as g sees it, three ways to take
// it, a word on it.
const WAYS = own.most ? [] : Object.keys(own.taken);
const ACTS = { undo, clear, camera: look, take: shoot, close: stop };
const sheet = document.createElement("canvas"); // the last picture that was given

root.setAttribute("role", "group");
root.setAttribute("aria-label", props.label);
part(".hint").textContent = own.words.hint;
part("label span").textContent = own.words.upload;
file.setAttribute("aria-label", own.words.upload);
canvas.setAttribute("aria-label", own.words.pad);
canvas.setAttribute("role", "img");
drawing.querySelector("p").textContent = own.words.draw_hint;
for (const node of root.querySelectorAll("[data-do]")) node.textContent = own.words[node.dataset.do];
key("draw").hidden = Boolean(own.most);
video.setAttribute("aria-label", own.words.camera);
part(".understood .keys").setAttribute("aria-label", own.words.understood);
part(".given figcaption").textContent = own.words.given;
part(".seen figcaption").textContent = own.words.seen;

root.addEventListener("click", (event) => {
  const name = event.target.dataset.do;
  if (name === "draw") toggle(drawing, "draw", drawing.hidden);
  else ACTS[name]?.();
});

// The middle square of what was given, which is what any way to take it starts from.
const showGiven = async () => {
  const image = new Image();
  image.src = last.picture;
  const mine = last;
  const here = await image.decode().then(
    () => true,
    () => false,
  );
  if (mine !== last) return;
  part(".given").hidden = part(".way").hidden = !here;
  if (!here) return;
  const side = Math.min(image.naturalWidth, image.naturalHeight);
  sheet.width = sheet.height = 128;
  const [left, top] = [(image.naturalWidth - side) / 2, (image.naturalHeight - side) / 2];
  sheet.getContext("2d").drawImage(image, left, top, side, side, 0, 0, 128, 128);
  const shown = part(".given canvas");
  shown.width = shown.height = 128;
  shown.getContext("2d").drawImage(sheet, 0, 0);
  shown.setAttribute("aria-label", own.words.given);
};

const showSeen = () => {
  const seen = props.value?.seen;
  part(".seen").hidden = !seen;
  if (!seen) return;
  lab.paint(part(".seen canvas"), seen, lab.bytes(seen), 0);
  part(".seen canvas").setAttribute("aria-label", own.words.seen);
};

const draw = () => {
  const value = props.value ?? {};
  busy(false);
  say(value.notice || "");
  understood.hidden = !last || !value.taken || Boolean(own.most);
  root.dataset.taken = understood.hidden ? "" : value.taken;
  if (understood.hidden) return;
  lab.keys(
    part(".understood .keys"),
    WAYS.map((way) => [own.taken[way], way === value.taken, () => send(last.picture, last.drawing, way)]),
  );
  showSeen();
  part(".word").textContent = value.word || "";
  part(".word").classList.toggle("far", Boolean(value.far));
  showGiven();
};

redraw();
draw();
watch("value", draw);
lab.keepFresh(element, () => {
  redraw();
  showSeen();
});
