// Where a point of a linked chart lies on its canvas, and which point lies nearest to a place.

const times = (m, v) =>
  [0, 1, 2, 3].map((row) => m[row] * v[0] + m[4 + row] * v[1] + m[8 + row] * v[2] + m[12 + row] * v[3]);

// A function from coordinates, those of an array from `i` on, to [x, y, depth] in CSS pixels; or null.
function projection(panel) {
  const layout = panel.plot._fullLayout;
  if (!isDeep()) {
    const ranges = layout ? [layout.xaxis.range, layout.yaxis.range] : panel.ranges;
    return ranges && flatly(frameOf(panel), ...ranges);
  }
  if (!layout) return null;
  const scene = layout.scene?._scene;
  const camera = scene?.glplot?.cameraParams;
  const scale = scene?.dataScale;
  if (!camera?.view || !scale) return null;
  const { l, t, w, h } = layout._size;
  return (at, i) => {
    const point = [at[i] * scale[0], at[i + 1] * scale[1], at[i + 2] * scale[2], 1];
    const p = times(camera.projection, times(camera.view, times(camera.model, point)));
    return [l + (0.5 + (0.5 * p[0]) / p[3]) * w, t + (0.5 - (0.5 * p[1]) / p[3]) * h, p[2] / p[3]];
  };
}

function flatly({ left, top, right, bottom }, [west, east], [south, north]) {
  const wide = (right - left) / (east - west);
  const tall = (bottom - top) / (north - south);
  return (at, i) => [left + (at[i] - west) * wide, top + (north - at[i + 1]) * tall, 0];
}

// The part of the canvas in which points are drawn.
function frameOf(panel) {
  if (!panel.plot._fullLayout) return frameAhead(panel);
  const { l, t, w, h } = panel.plot._fullLayout._size;
  return { left: l, top: t, right: l + w, bottom: t + h };
}

const isShown = (i) => groupOf[i] >= 0 && !groups[groupOf[i]].hidden;

function nearest(panel, x, y, reach, allowed = () => true) {
  const place = projection(panel);
  if (!place) return -1;
  const dims = isDeep() ? 3 : 2;
  let best = -1;
  let least = reach * reach;
  for (let i = 0; i < groupOf.length; i++) {
    if (!isShown(i)) continue;
    const [px, py] = place(panel.at, dims * i);
    const d = (px - x) ** 2 + (py - y) ** 2;
    if (d < least && allowed(px - x, py - y, i)) {
      best = i;
      least = d;
    }
  }
  return best;
}
