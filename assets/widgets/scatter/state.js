// What all files of the scatter share: its parts and what is shown; and the pictures' thumbnails, in the
// theme's ink, in the colours of their labels, or as they came.
const $ = (name) => element.querySelector(`[data-part="${name}"]`);
const stage = $("stage");
const legend = $("legend");
const tip = $("tip");
const tipPicture = $("tip-picture");
const tipText = $("tip-text");

let cloud = null; // the value, see scatter.js
let labels = new Uint8Array();
let panels = [];
let hidden = new Set(); // labels that the legend has struck out
let hover = -1;
let picked = -1;
let walk = null;
let pictures = false; // thumbnails instead of dots
let pending = 0;

let dots = []; // one for each label
let sprite = new Image(); // the sheet as it came
let inked = null;
let coloured = null;

const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const ink = (name) => lab.colour(name, element);
const nameOf = (i) => cloud.names[labels[i]] ?? "no label";

function makeDots() {
  const ratio = window.devicePixelRatio || 1;
  dots = cloud.colours.map((colour) => {
    const dot = document.createElement("canvas");
    const pen = dot.getContext("2d");
    dot.width = dot.height = Math.ceil(8 * ratio);
    pen.scale(ratio, ratio);
    pen.fillStyle = colour;
    pen.globalAlpha = 0.85;
    pen.beginPath();
    pen.arc(4, 4, 3.2, 0, 7);
    pen.fill();
    return dot;
  });
}

// Grey is ink on clear paper, so that dense clouds of pictures stay legible.
function tinted(paint) {
  const sheet = document.createElement("canvas");
  const pen = sheet.getContext("2d", { willReadFrequently: true });
  const t = cloud.tile;
  sheet.width = sprite.width;
  sheet.height = sprite.height;
  pen.drawImage(sprite, 0, 0);
  const found = pen.getImageData(0, 0, sheet.width, sheet.height);
  const data = found.data;
  for (let p = 0, at = 0; p < data.length; p += 4, at++) {
    const tile = Math.floor(at / sheet.width / t) * cloud.columns + Math.floor((at % sheet.width) / t);
    const rgb = paint(tile);
    data[p + 3] = data[p];
    data[p] = rgb[0];
    data[p + 1] = rgb[1];
    data[p + 2] = rgb[2];
  }
  pen.putImageData(found, 0, 0);
  return sheet;
}

const rgbOf = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));

function tint() {
  tip.hidden = true;
  if (!cloud || !sprite.width) return;
  if (cloud.photos) {
    inked = coloured = sprite;
    return draw();
  }
  const ownInk = rgbOf(ink("--lab-ink"));
  const colours = cloud.colours.map(rgbOf);
  inked = tinted(() => ownInk);
  coloured = tinted((tile) => colours[(labels[tile] || 0) % colours.length]);
  draw();
}

function tileOf(i) {
  const t = cloud.tile;
  return [(i % cloud.columns) * t, Math.floor(i / cloud.columns) * t, t, t];
}
