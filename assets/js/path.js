// The path x → g → A → g⁻¹ → f(x) over a view: what a hand moves, and all that follows from it, lights up.
(() => {
  const REST = 700; // milliseconds after the last move
  const PICTURES = ".lab-pictures, .lab-intake"; // another picture goes all the way
  const timers = new Map();
  let touched = null; // what the hand was on last

  for (const name of ["pointerdown", "keydown", "input"])
    window.addEventListener(name, ({ target }) => (touched = target), true);

  document.addEventListener("lab:touch", ({ detail: slug }) => {
    const path = document.querySelector(`#tab-${slug} .lab-path`);
    if (!path) return;
    const first = touched?.closest?.(PICTURES) ? 0 : Number(path.dataset.hand);
    [...path.children].forEach((step, i) => step.classList.toggle("lit", i >= first));
    clearTimeout(timers.get(slug));
    const dark = () => [...path.children].forEach((step) => step.classList.remove("lit"));
    timers.set(slug, setTimeout(dark, REST));
  });
})();
