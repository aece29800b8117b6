// Colours of the page in a figure: "var(--lab-line)" becomes what the theme says at this moment.
const NAMED = /^var\((--[\w-]+)\)$/;

function painted(given) {
  if (typeof given === "string") {
    const name = NAMED.exec(given)?.[1];
    return name ? ink(name) : given;
  }
  if (Array.isArray(given)) return given.map(painted);
  if (!given || typeof given !== "object" || "bdata" in given) return given;
  return Object.fromEntries(Object.entries(given).map(([key, value]) => [key, painted(value)]));
}

// What a narrow or touched screen needs otherwise.
function layoutOf(figure) {
  const layout = painted(figure.layout);
  layout.autosize = true;
  layout.selectionrevision = turns;
  if (!linked() && TOUCH.matches) layout.dragmode = false; // a finger that goes up or down means the page
  return layout;
}
