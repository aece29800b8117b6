// Pictures, spoilt in one of a few ways: app/views/project/spoiling.py and linearizer_core/data/damage.py.
(() => {
  const BLUR = 6; // pixels of standard deviation at amount 1
  const SIDE = 32;

  const square = (x, [channels, height, width], side, value, dice) => {
    const margin = Math.max(0, Math.min(Math.floor(height / 6), Math.floor((height - side) / 2)));
    const room = Math.max(0, height - 2 * margin - side);
    const [row, column] = [dice(1), dice(1)].map(([u]) => margin + Math.floor(u * (room + 1)));
    const found = x.slice();
    for (let c = 0; c < channels; c++)
      for (let y = row; y < row + side; y++)
        found.fill(value, (c * height + y) * width + column, (c * height + y) * width + column + side);
    return found;
  };

  const blur = (x, [, height, width], std) => {
    if (std <= 0) return x;
    const reach = Math.max(1, Math.round(3 * std));
    const weights = Array.from({ length: 2 * reach + 1 }, (_, k) =>
      Math.exp(-0.5 * ((k - reach) / std) ** 2),
    );
    const all = weights.reduce((sum, w) => sum + w);
    const along = (from, step, count, size) => {
      const found = new Float32Array(from.length);
      for (let p = 0; p < from.length; p++) {
        const at = Math.floor(p / step) % count;
        for (let k = -reach; k <= reach; k++) {
          const other = Math.min(count - 1, Math.max(0, at + k));
          found[p] += (weights[k + reach] / size) * from[p + (other - at) * step];
        }
      }
      return found;
    };
    return along(along(x, 1, width, all), width, height, all);
  };

  lab.spoilt = ({ kind, amount: a, seed: dice, picture }, model) => {
    const x = lab.pictures.picture(picture, model);
    const [channels, side] = model.shape;
    const positions = side * side;
    const scale = side / SIDE;
    const throws = lab.flow.dice(dice);
    switch (kind) {
      case "noise": {
        const u = throws(x.length);
        return x.map((v, k) => (1 - a) * v + a * u[k]);
      }
      case "gaussian": {
        const e = lab.flow.white(dice, x.length);
        return x.map((v, k) => v + a * e[k]);
      }
      case "salt": {
        const [hit, coin] = [throws(positions), throws(positions)];
        return x.map((v, k) => (hit[k % positions] < Math.fround(a) ? Number(coin[k % positions] < 0.5) : v));
      }
      case "hole":
      case "cover":
        return square(
          x,
          [channels, side, side],
          Math.round(a * SIDE * scale),
          Number(kind === "cover"),
          throws,
        );
      case "blur":
        return blur(x, [channels, side, side], BLUR * a * scale);
      case "negative":
        return x.map((v) => (1 - a) * v + a * (1 - v));
      default:
        return x;
    }
  };
})();
