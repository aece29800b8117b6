// The still part of a pane: grid, circles and data, painted on a sheet that is kept until what it depends on
// changes.

function lattice(step) {
  const lines = [];
  for (let k = -FAR; k <= FAR; k += step) {
    const count = (step > 0.5 ? 3 : 8) * FAR;
    lines.push(
      [k === 0, between([-FAR, k], [FAR, k], 0, 1, count)],
      [k === 0, between([k, -FAR], [k, FAR], 0, 1, count)],
    );
  }
  return lines;
}

// What of the latents is to be seen in a pane. Noise and data of the flow stand for themselves: there is no A
// on the way.
function placeOf(key, flow) {
  if (key === "latent" || (flow && key === "input")) return (z) => z;
  return key === "input" || flow ? inverse : (z) => inverse(map(z));
}

function signatureOf(key, pane, quick) {
  const flow = state.mode === "flow";
  const matrix = key === "output" && !flow ? A.flat().map((v) => v.toFixed(5)) : "";
  const version = planes[name].version || 0;
  return [name, version, pane.size, pane.reach, colours.key, state.show, flow, matrix, quick].join("|");
}

// `quick`: fewer points, while A changes under a hand.
function still(key, pane, quick) {
  const signature = signatureOf(key, pane, quick);
  if (pane.signature === signature) return;
  pane.signature = signature;
  const flow = state.mode === "flow";
  const place = placeOf(key, flow);
  const sheet = { pen: lab.sharp(pane.sheet, pane.size, pane.size), size: pane.size, reach: pane.reach };
  sheet.pen.fillStyle = colours.paper;
  sheet.pen.fillRect(0, 0, pane.size, pane.size);
  if (state.show.includes("grid")) {
    for (const [axis, z] of lattice(quick ? 1 : 0.5)) {
      line(sheet, place(z), { colour: "induced", width: axis ? 1.6 : 1, alpha: axis ? 0.55 : 0.26 });
    }
  }
  if (state.show.includes("circles")) {
    for (const radius of [1, 2, 3]) {
      const z = circle(ZERO, radius, quick ? ROUND / 2 : ROUND);
      line(sheet, place(z), { colour: "induced", width: 1.2, alpha: 0.6, dash: [3, 4] });
    }
  }
  if (state.show.includes("data") && !(flow && key === "input")) {
    const { xy, labelled } = planes[name];
    const asTheyCame = key === "input" || (flow && key === "output");
    dots(sheet, asTheyCame ? xy : place(latents), labelled, flow ? 0.28 : 0.8);
  }
}
