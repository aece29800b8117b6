// Drawing pad: strokes kept as points, redrawn for undo and for the theme; photos by button, drop or paste.
const pad = element.querySelector(".pad");
const canvas = element.querySelector("canvas");
const notice = element.querySelector(".notice");
const file = element.querySelector("input");
const pen = canvas.getContext("2d");
const SIDE = 280;
const WIDTH = 22;
const PHOTO_SIDE = 512;
canvas.setAttribute("aria-label", props.label);
canvas.setAttribute("role", "img");
element.querySelector(".hint").textContent = own.hint;
element.querySelector("[data-do=undo]").textContent = own.undo;
element.querySelector("[data-do=clear]").textContent = own.clear;
element.querySelector("label span").textContent = own.upload;
file.setAttribute("aria-label", own.upload);

let strokes = [];
let stroke = []; // the one under the hand
let timer = 0;

// One drawing in any two colours: the theme's on screen, black on white for the server.
const render = (context, paper, ink) => {
  context.fillStyle = paper;
  context.fillRect(0, 0, SIDE, SIDE);
  context.strokeStyle = context.fillStyle = ink;
  context.lineWidth = WIDTH;
  context.lineCap = context.lineJoin = "round";
  for (const points of strokes) {
    context.beginPath();
    context.moveTo(points[0][0], points[0][1]);
    if (points.length === 1) context.lineTo(points[0][0] + 0.01, points[0][1]);
    for (let i = 1; i < points.length; i++) {
      const [x, y] = points[i - 1];
      const [u, v] = points[i];
      context.quadraticCurveTo(x, y, (x + u) / 2, (y + v) / 2);
    }
    context.stroke();
  }
};
const draw = () => {
  render(pen, lab.colour("--lab-paper"), lab.colour("--lab-ink"));
  notice.textContent = props.value?.notice || "";
  pad.dataset.state = String(strokes.length);
};

const send = () => {
  if (!strokes.length) return;
  const copy = document.createElement("canvas");
  copy.width = copy.height = SIDE;
  render(copy.getContext("2d"), "#ffffff", "#000000");
  trigger("drawn", { picture: copy.toDataURL("image/png"), drawing: true });
};
const sendSoon = () => {
  clearTimeout(timer);
  timer = setTimeout(send, 250);
};

const place = (event) => {
  const box = canvas.getBoundingClientRect();
  return [((event.clientX - box.left) * SIDE) / box.width, ((event.clientY - box.top) * SIDE) / box.height];
};
lab.hold(canvas, {
  begin(event) {
    event.preventDefault();
    clearTimeout(timer);
    stroke = [place(event)];
    strokes.push(stroke);
    draw();
  },
  move(event) {
    stroke.push(...lab.trail(event).map(place));
    draw();
  },
  end: sendSoon,
});

pad.addEventListener("click", (event) => {
  const action = event.target.dataset.do;
  if (!action) return;
  strokes = action === "undo" ? strokes.slice(0, -1) : [];
  draw();
  sendSoon();
});
canvas.addEventListener("keydown", (event) => {
  if (event.key === "z" && (event.ctrlKey || event.metaKey)) {
    strokes.pop();
    draw();
    sendSoon();
  }
});

const asIs = (blob) =>
  new Promise((resolve) => {
    const reader = new FileReader();
    reader.onload = () => resolve(`data:image/unknown;base64,${String(reader.result).split(",")[1]}`);
    reader.readAsDataURL(blob);
  });
// Shrunk and turned upright by the browser; what it cannot read goes to the server, which says what is wrong.
const shrink = async (blob) => {
  const picture = await createImageBitmap(blob);
  const scale = Math.min(1, PHOTO_SIDE / Math.max(picture.width, picture.height));
  const copy = document.createElement("canvas");
  copy.width = Math.max(1, Math.round(picture.width * scale));
  copy.height = Math.max(1, Math.round(picture.height * scale));
  copy.getContext("2d").drawImage(picture, 0, 0, copy.width, copy.height);
  picture.close();
  return copy.toDataURL("image/png");
};
const take = async (blob) => {
  if (!blob) return;
  if (blob.size > own.limit) {
    notice.textContent = own.too_big;
    return;
  }
  const picture = await shrink(blob).catch(() => asIs(blob));
  strokes = [];
  draw();
  trigger("drawn", { picture, drawing: false });
};
file.addEventListener("change", () => {
  take(file.files[0]);
  file.value = "";
});
pad.addEventListener("dragover", (event) => {
  event.preventDefault();
  pad.classList.add("over");
});
pad.addEventListener("dragleave", () => pad.classList.remove("over"));
pad.addEventListener("drop", (event) => {
  event.preventDefault();
  pad.classList.remove("over");
  take(event.dataTransfer.files[0]);
});
const pasted = (event) => {
  if (!element.isConnected) return document.removeEventListener("paste", pasted);
  if (element.offsetParent) take([...event.clipboardData.files].find((f) => f.type.startsWith("image/")));
};
document.addEventListener("paste", pasted);

draw();
watch("value", draw);
lab.keepFresh(element, draw);
