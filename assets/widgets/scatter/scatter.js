// Linked scatters: the same pictures as points of several spaces, in two or three dimensions.
//
// props.value, from app/widgets/scatter.py: {dims, tile, columns, sprite, labels, names, colours, picked,
// photos, panels: [{title, note, axes, spread, points}]}; labels are bytes and points float32 (count × dims),
// both base64; tile i of the sprite is the picture of point i. Hovering one panel shows the same picture in
// all of them; a click triggers `pick`. The value is never sent back. This file is the tools and the start.

function fillLegend() {
  legend.replaceChildren(
    ...cloud.names.map((name, k) => {
      const button = document.createElement("button");
      const swatch = document.createElement("i");
      button.type = "button";
      button.setAttribute("aria-pressed", "true");
      swatch.style.background = cloud.colours[k % cloud.colours.length];
      button.append(swatch, name);
      button.addEventListener("click", () => {
        if (!hidden.delete(k)) hidden.add(k);
        button.setAttribute("aria-pressed", !hidden.has(k));
        draw();
      });
      return button;
    }),
  );
}

function build() {
  cloud = props.value?.panels ? props.value : null;
  stage.replaceChildren();
  panels = [];
  hidden = new Set();
  hover = -1;
  tip.hidden = true;
  if (!cloud) return;
  labels = bytes(cloud.labels);
  inked = coloured = null;
  sprite = new Image();
  sprite.onload = tint;
  sprite.src = cloud.sprite;
  panels = cloud.panels.map(makePanel);
  panels.forEach((panel) => new ResizeObserver(draw).observe(panel.canvas));
  picked = cloud.picked ?? -1;
  makeDots();
  fillLegend();
  draw();
}

$("pictures").addEventListener("click", (event) => {
  pictures = !pictures;
  event.currentTarget.setAttribute("aria-pressed", pictures);
  draw();
});
$("closer").addEventListener("click", () => panels.forEach((panel) => zoom(panel, 1.4)));
$("away").addEventListener("click", () => panels.forEach((panel) => zoom(panel, 1 / 1.4)));
$("home").addEventListener("click", () => {
  panels.forEach(home);
  draw();
});
watch("value", build);
const onWalk = (event) => {
  if (!element.isConnected) return document.removeEventListener("lab:walk", onWalk);
  if (event.detail.id === element.closest('[id]:not([id^="html-"])')?.id) {
    walk = event.detail;
    draw();
  }
};
document.addEventListener("lab:walk", onWalk);
lab.keepFresh(element, tint);
build();
