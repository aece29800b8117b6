// One panel: its canvas, its view of the points, and where on the canvas a point lies.

function makePanel(info) {
  const holder = document.createElement("figure");
  const title = document.createElement("figcaption");
  const heading = document.createElement("b");
  const note = document.createElement("span");
  const canvas = document.createElement("canvas");
  heading.textContent = info.title;
  note.textContent = info.note || "";
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "application");
  canvas.setAttribute(
    "aria-label",
    `${info.title}: ${labels.length} pictures. Arrow keys move between them, Enter picks one.`,
  );
  title.append(heading, note);
  holder.append(title, canvas);
  stage.append(holder);
  const points = new Float32Array(bytes(info.points).buffer);
  let reach = 1e-9;
  for (const v of points) reach = Math.max(reach, Math.abs(v));
  const panel = {
    info,
    holder,
    canvas,
    pen: canvas.getContext("2d"),
    points,
    reach,
    screen: new Float32Array(labels.length * 3),
  };
  home(panel);
  listen(panel);
  return panel;
}

function home(panel) {
  Object.assign(panel, { zoom: 1, x: 0, y: 0, yaw: 0.6, pitch: 0.35 });
}

// A point of the space -> [x, y, depth] on the canvas.
function project(panel, p) {
  const { width, height } = panel.canvas.getBoundingClientRect();
  const unit = (0.46 * Math.min(width, height) * panel.zoom) / panel.reach;
  if (cloud.dims === 2) return [width / 2 + panel.x + unit * p[0], height / 2 + panel.y - unit * p[1], 0];
  const a = Math.cos(panel.yaw);
  const b = Math.sin(panel.yaw);
  const c = Math.cos(panel.pitch);
  const d = Math.sin(panel.pitch);
  const x = a * p[0] + b * p[2];
  const back = -b * p[0] + a * p[2];
  const y = c * p[1] - d * back;
  const depth = (d * p[1] + c * back) / panel.reach;
  const near = 1 / (1 - 0.22 * depth);
  return [width / 2 + panel.x + unit * x * near, height / 2 + panel.y - unit * y * near, depth];
}

function place(panel) {
  const d = cloud.dims;
  for (let i = 0; i < labels.length; i++)
    panel.screen.set(project(panel, panel.points.subarray(i * d, i * d + d)), i * 3);
}

function nearest(panel, x, y, reach, allowed = () => true) {
  let best = -1;
  let least = reach * reach;
  for (let i = 0; i < labels.length; i++) {
    const dx = panel.screen[3 * i] - x;
    const dy = panel.screen[3 * i + 1] - y;
    const d = dx * dx + dy * dy;
    if (d < least && !hidden.has(labels[i]) && allowed(dx, dy, i)) {
      best = i;
      least = d;
    }
  }
  return best;
}
