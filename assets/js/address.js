// The address of the page says what is seen: it follows when the hand rests, and F5 and Back keep it.
//
// A view tells its link (lab.address.told), and that of the view in front becomes the address. A gesture
// makes one entry of the history, however many changes it has: what is touched within PAUSE of the touch
// before is the same gesture. Back and Forward have the server fill the view from the address again
// (lab.address.joins).
(() => {
  const PAUSE = 1500; // milliseconds
  const LONGEST = 4000; // characters: every request carries the address, and proxies refuse long ones
  const PAGE = ["__theme", "engine", "hide", "lock", "lesson", "present", "lang"]; // no view's
  const standing = {}; // the link of each view that was measured
  const restore = {}; // how each view is filled again
  let touched = -Infinity; // when something changed
  let step = true; // whether that began a gesture
  let first = true; // the address as the page was opened with it is an entry already
  let following = false; // Back or Forward: the entry is there, too

  const asked = () => new URLSearchParams(location.search);
  const switchOf = (slug) => document.querySelector(`#${slug}-break input`);
  const inFront = () =>
    Object.keys(standing).find((slug) => document.getElementById(`${slug}-link`)?.offsetParent);

  const addressOf = (slug) => {
    const found = new URLSearchParams(standing[slug].length > LONGEST ? `?view=${slug}` : standing[slug]);
    if (switchOf(slug)?.checked) found.set("broken", "1");
    for (const name of PAGE) if (asked().has(name)) found.set(name, asked().get(name));
    return `?${found.toString().replaceAll("%2C", ",").replaceAll("%3A", ":").replaceAll("%3B", ";")}`;
  };

  const go = (address, onward) => {
    history[onward ? "pushState" : "replaceState"](null, "", location.pathname + address + location.hash);
  };

  const write = () => {
    const slug = inFront();
    if (!slug) return;
    const address = addressOf(slug);
    if (address !== location.search) {
      go(address, step && !first && !following);
      step = false;
    }
    first = false;
  };

  const begins = () => {
    const now = performance.now();
    if (now - touched > PAUSE) [step, following] = [true, false];
    touched = now;
  };

  const follows = () => {
    [touched, following] = [performance.now(), true];
  };

  const told = (slug, query) => {
    if (!query) return;
    standing[slug] = query;
    write();
  };

  // The switch that breaks the law is no setting of a view: here it is read from a link, and kept in it.
  const opened = {};
  document.addEventListener("lab:touch", ({ detail: slug }) => {
    begins();
    if (!opened[slug]) {
      opened[slug] = true;
      if (asked().get("view") === slug && asked().get("broken") === "1" && !switchOf(slug)?.checked)
        switchOf(slug)?.click();
    }
    if (standing[slug]) setTimeout(write, 300);
  });

  // A tab that was opened before has its link already; one that opens now tells it when it is measured.
  document.addEventListener("click", (event) => {
    if (!event.target.closest?.("[role=tab]")) return;
    if (!following) step = true;
    setTimeout(write, 100);
  });

  const again = (slug) => {
    const wanted = asked().get("broken") === "1";
    if (switchOf(slug) && switchOf(slug).checked !== wanted) switchOf(slug).click();
    restore[slug]?.();
  };
  window.addEventListener("popstate", () => {
    follows();
    const slug = asked().get("view");
    const tab = document.getElementById(`tab-${slug}-button`);
    if (tab && tab.getAttribute("aria-selected") !== "true") tab.click();
    if (standing[slug]) again(slug);
  });

  lab.address = {
    longest: LONGEST,
    told,
    joins: (slug, fill) => {
      restore[slug] = fill;
    },
    // The view as it is without a link.
    reset: (slug) => {
      const page = PAGE.filter((name) => asked().has(name)).map((name) => `&${name}=${asked().get(name)}`);
      history.pushState(null, "", `${location.pathname}?view=${slug}${page.join("")}`);
      follows();
      again(slug);
    },
    flipTheme: () => {
      const found = asked();
      found.set("__theme", document.body.classList.toggle("dark") ? "dark" : "light");
      history.replaceState(null, "", `${location.pathname}?${found}`);
    },
  };
})();
