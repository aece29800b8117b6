// A finger that swipes up or down over a slider means the page, not the slider.
//
// Browsers move a slider as soon as a finger touches it and only then find out that the finger scrolls. So
// what a finger does to a slider is held back until it has gone to the side or is lifted again; when the
// browser takes it to scroll, nothing has happened. This goes for every slider of the page, Gradio's and
// ours.
(() => {
  let held = null; // {slider, pointer, first, before, wanted} while it is not known what the finger means

  const isSlider = (node) => node instanceof HTMLInputElement && node.type === "range";
  const tell = (slider) => slider.dispatchEvent(new Event("input", { bubbles: true }));

  const begin = (event) => {
    if (held || event.pointerType !== "touch" || !isSlider(event.target)) return;
    const slider = event.target;
    held = { slider, pointer: event.pointerId, first: event, before: slider.value };
  };

  // The browser's own answer to the touch: kept for a tap, and not shown before.
  const holdBack = (event) => {
    if (event.target !== held?.slider) return;
    event.stopImmediatePropagation();
    if (event.type !== "input") return;
    held.wanted = event.target.value;
    event.target.value = held.before;
  };

  const decide = (event) => {
    if (event.pointerId === held?.pointer && lab.isSideways(held.first, event)) held = null;
  };

  const end = (event) => {
    if (event.pointerId !== held?.pointer) return;
    const { slider, first, wanted } = held;
    held = null;
    if (event.type === "pointercancel" || wanted === undefined || !lab.isTap(first, event)) return;
    slider.value = wanted;
    tell(slider);
  };

  const listen = (names, fn) => names.forEach((name) => window.addEventListener(name, fn, true));
  listen(["pointerdown"], begin);
  listen(["input", "change"], holdBack);
  listen(["pointermove"], decide);
  listen(["pointerup", "pointercancel"], end);
})();

// On a narrow page the bar of views scrolls: the one that is open is brought into sight.
(() => {
  const OPEN = "#views > .tab-wrapper [role=tab][aria-selected=true]";
  const bring = () => {
    const tab = document.querySelector(OPEN);
    if (!tab) return;
    const bar = tab.closest(".tab-wrapper");
    const { left, width } = tab.getBoundingClientRect();
    bar.scrollLeft += left + width / 2 - bar.getBoundingClientRect().left - bar.clientWidth / 2;
  };
  new MutationObserver((changes) => {
    if (changes.some(({ target }) => target.matches(OPEN))) bring();
  }).observe(document, { subtree: true, attributes: true, attributeFilter: ["aria-selected"] });
  window.addEventListener("resize", bring); // a phone that is turned
})();

// A program wider than its box is scrolled by keys, too.
new MutationObserver(() => {
  for (const scroller of document.querySelectorAll(".lab-program pre:not([tabindex])")) scroller.tabIndex = 0;
}).observe(document, { subtree: true, childList: true });

// The page is seen once the view that its address asks for is filled, see app/widgets/__init__.py, or when
// that takes too long. An address that asks for nothing has the view that stands in the page already.
(() => {
  const ASKS_NOTHING = ["theme", "lang", "engine"];
  const query = new URLSearchParams(location.search);
  const seen = () => document.documentElement.classList.contains("lab-open");
  const open = () => document.documentElement.classList.add("lab-open");
  const drawn = (slug) => {
    const parts = [...document.querySelectorAll(`#tab-${slug} .lab`)];
    const made = parts.length && parts.every((part) => part.querySelector(".lab-widget"));
    const stage = document.getElementById(`${slug}-stage`) ?? document.getElementById(`tab-${slug}`);
    return made && stage.querySelector("canvas, img[src]");
  };
  const openWith = (slug, frames) => {
    if (seen()) return;
    if (frames === 0 || drawn(slug)) requestAnimationFrame(open);
    else requestAnimationFrame(() => openWith(slug, frames - 1));
  };
  // A view takes no hand before it is filled: what comes then would replace what is chosen meanwhile.
  const standing = new Set();
  const takesNoHand = (slug, none) => {
    document.getElementById(`tab-${slug}`)?.toggleAttribute("inert", none);
  };
  lab.filling = (slug) => takesNoHand(slug, !standing.has(slug) && !lab.address.linkOf(slug));
  lab.filled = (slug, views) => {
    takesNoHand(slug, false);
    const asked = query.get("view");
    if (asked === slug || (slug === views[0] && !views.includes(asked))) openWith(slug, 90);
  };
  lab.standing = (slug) => {
    if (![...query.keys()].every((name) => ASKS_NOTHING.includes(name))) return;
    standing.add(slug);
    // at once, not with the next frame but one: the page has half a second of other work at hand
    const watcher = new MutationObserver(() => {
      if (!drawn(slug)) return;
      watcher.disconnect();
      open();
    });
    watcher.observe(document, { subtree: true, childList: true });
  };
  setTimeout(open, 15000);
})();
