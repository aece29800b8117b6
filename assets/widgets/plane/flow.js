// The flow of the mode that carries noise to data.
//
// Noise with a class each, stepped point by point; and the same in one go by B, all steps multiplied.

function carry() {
  const plane = planes[name];
  const noise = planeMath.noise(CLOUD, 7);
  const labels = new Uint8Array(CLOUD);
  const start = Float64Array.from(noise);
  for (let i = 0; i < CLOUD; i++) {
    labels[i] = i % plane.noise_means.length;
    start[2 * i] += plane.noise_means[labels[i]][0];
    start[2 * i + 1] += plane.noise_means[labels[i]][1];
  }
  const states = [start];
  const B = [1, 1];
  for (let i = 0; i < state.steps; i++) {
    const [p, q] = planeMath.step(plane.variances, i, state.steps, state.method);
    const next = Float64Array.from(states[i]);
    for (let k = 0; k < next.length; k += 2) {
      next[k] *= p;
      next[k + 1] *= q;
    }
    states.push(next);
    B[0] *= p;
    B[1] *= q;
  }
  const landed = inverse(states[state.steps]);
  const once = inverse(
    planeMath.apply(
      [
        [B[0], 0],
        [0, B[1]],
      ],
      start,
    ),
  );
  let gap = 0;
  for (let i = 0; i < once.length; i++) gap = Math.max(gap, Math.abs(once[i] - landed[i]));
  return { noise, labels, states, B, landed, once, gap };
}
