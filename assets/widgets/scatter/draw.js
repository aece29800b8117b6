// Drawing of a panel: axes, points, what is hovered, picked or walked to.

function drawAxes(panel) {
  const { pen, reach } = panel;
  const origin = [0, 0, 0].slice(0, cloud.dims);
  const from = project(panel, origin);
  const ends = [];
  pen.strokeStyle = ink("--lab-line");
  pen.lineWidth = 1;
  panel.info.axes.forEach((label, k) => {
    const end = [...origin];
    end[k] = reach;
    const to = project(panel, end);
    const start =
      cloud.dims === 2
        ? project(
            panel,
            end.map((v) => -v),
          )
        : from;
    pen.beginPath();
    pen.moveTo(start[0], start[1]);
    pen.lineTo(to[0], to[1]);
    pen.stroke();
    ends.push([label, to]);
  });
  return ends;
}

function drawLabels({ pen, canvas }, ends) {
  const w = canvas.clientWidth;
  const h = canvas.clientHeight;
  pen.fillStyle = ink("--lab-quiet");
  pen.font = "12px system-ui, sans-serif";
  pen.textBaseline = "middle";
  if (cloud.dims === 2) {
    pen.textAlign = "right";
    pen.fillText(ends[0][0], w - 8, h - 12);
    pen.textAlign = "left";
    pen.fillText(ends[1][0], 8, 12);
    return;
  }
  pen.textAlign = "center";
  for (const [label, [x, y]] of ends) {
    const half = pen.measureText(label).width / 2 + 6;
    pen.fillText(label, Math.min(w - half, Math.max(half, x)), Math.min(h - 10, Math.max(10, y - 8)));
  }
}

function drawPoint(panel, i, size) {
  const { pen, screen } = panel;
  const x = screen[3 * i];
  const y = screen[3 * i + 1];
  if (!pictures || !coloured)
    pen.drawImage(dots[labels[i] % dots.length], x - size / 2, y - size / 2, size, size);
  else pen.drawImage(coloured, ...tileOf(i), x - size, y - size, 2 * size, 2 * size);
}

function drawPoints(panel) {
  const order = [...labels.keys()].filter((i) => !hidden.has(labels[i]));
  if (cloud.dims === 3) order.sort((a, b) => panel.screen[3 * a + 2] - panel.screen[3 * b + 2]);
  for (const i of order) {
    const depth = panel.screen[3 * i + 2];
    panel.pen.globalAlpha = cloud.dims === 3 ? Math.min(1, 0.8 + 0.2 * depth) : 1;
    drawPoint(panel, i, (pictures ? 10 : 8) * (1 + 0.25 * depth) * Math.min(2.5, Math.sqrt(panel.zoom)));
  }
  panel.pen.globalAlpha = 1;
}

function ring(panel, i, radius, width) {
  if (i < 0 || i >= labels.length) return;
  const { pen, screen } = panel;
  pen.strokeStyle = ink("--lab-text");
  pen.lineWidth = width;
  pen.beginPath();
  pen.arc(screen[3 * i], screen[3 * i + 1], radius, 0, 7);
  pen.stroke();
}

function drawPicked(panel) {
  if (picked < 0 || picked >= labels.length) return;
  const x = panel.screen[3 * picked];
  const y = panel.screen[3 * picked + 1];
  ring(panel, picked, 9, 3);
  panel.pen.fillStyle = ink("--lab-paper");
  panel.pen.fillRect(x + 10, y - 46, 36, 36);
  if (inked) panel.pen.drawImage(inked, ...tileOf(picked), x + 10, y - 46, 36, 36);
  panel.pen.strokeRect(x + 10, y - 46, 36, 36);
}

function drawWalk(panel) {
  const spread = panel.info.spread || [];
  if (!walk || (walk.picked && picked < 0)) return;
  const start = walk.picked
    ? [...panel.points.subarray(picked * cloud.dims, (picked + 1) * cloud.dims)]
    : [0, 0, 0];
  if (walk.component < cloud.dims) start[walk.component] += walk.steps * spread[walk.component];
  const [x, y] = project(panel, start);
  const { pen } = panel;
  pen.strokeStyle = ink("--lab-induced");
  pen.lineWidth = 3;
  pen.beginPath();
  pen.moveTo(x - 9, y);
  pen.lineTo(x + 9, y);
  pen.moveTo(x, y - 9);
  pen.lineTo(x, y + 9);
  pen.stroke();
}

function drawPanel(panel) {
  const { canvas, pen } = panel;
  const ratio = window.devicePixelRatio || 1;
  const w = canvas.clientWidth;
  const h = canvas.clientHeight;
  if (!w || !h) return;
  if (canvas.width !== Math.round(w * ratio) || canvas.height !== Math.round(h * ratio)) {
    canvas.width = Math.round(w * ratio);
    canvas.height = Math.round(h * ratio);
  }
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, w, h);
  place(panel);
  const ends = drawAxes(panel);
  drawPoints(panel);
  drawLabels(panel, ends);
  drawPicked(panel);
  ring(panel, hover, 7, 2);
  drawWalk(panel);
}

function draw() {
  if (pending) return;
  pending = requestAnimationFrame(() => {
    pending = 0;
    if (cloud) panels.forEach(drawPanel);
    element.dataset.state = JSON.stringify({
      picked,
      hover,
      points: labels.length,
      dims: cloud ? cloud.dims : 0,
    });
  });
}
