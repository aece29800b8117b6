// The address of the page says what is seen: it follows when the hand rests, and F5 and Back keep it.
//
// A view tells its link (lab.address.told), and that of the view in front becomes the address. A gesture
// makes one entry of the history, however many changes it has: what is touched within PAUSE of the touch
// before is the same gesture. Back and Forward have the server fill the view from the address again
// (lab.address.joins); until it is filled and measured the address leads, and no link is written into it:
// one that comes meanwhile is of what stood in another entry.
(() => {
  const PAUSE = 1500; // milliseconds
  const LONGEST = 4000; // characters: every request carries the address, and proxies refuse long ones
  // Settings of the page, of no view.
  const PAGE = "__theme theme engine hide lock lesson stop notes room present lang".split(" ");
  const standing = {}; // the link of each view that was measured
  const restore = {}; // how each view is filled again
  const late = {}; // what was asked of a view while it opened with something else
  // Of each view that the address leads, how far that is: "asked" to be filled, the request for it "sent",
  // "filled", "measured" once the request to measure it has left.
  const led = {};
  const proceeds = (slug, from, to) => {
    if (led[slug] === from) led[slug] = to;
  };
  const entered = new Set(); // views that have begun to open
  let touched = -Infinity; // when something changed
  let step = true; // whether that began a gesture
  let first = true; // the address as the page was opened with it is an entry already
  let following = false; // Back or Forward: the entry is there, too

  const asked = () => new URLSearchParams(location.search);
  // The view that the address asks for, until it is measured or another is chosen: the one that is in front
  // may be measured before, and its link would take the place of what is still to be read.
  let awaited = asked().get("view");
  entered.add(asked().get("view") ?? "plane");
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
    if (!slug || led[slug] || (slug !== awaited && document.getElementById(`tab-${awaited}-button`))) return;
    awaited = null;
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
    if (led[slug] === "measured") delete led[slug];
    if (!late[slug]) return write();
    history.replaceState(null, "", location.pathname + late[slug]);
    delete late[slug];
    again(slug);
  };

  // The switch that breaks the law is no setting of a view: here it is read from a link, and kept in it.
  const opened = {};
  document.addEventListener("lab:touch", ({ detail: slug }) => {
    if (!led[slug]) begins(); // else it is the answer that moves, however late
    if (!opened[slug]) {
      opened[slug] = true;
      if (asked().get("view") === slug && asked().get("broken") === "1" && !switchOf(slug)?.checked)
        switchOf(slug)?.click();
    }
    if (standing[slug]) setTimeout(write, 300);
  });

  // A tab that was opened before has its link already; one that opens now tells it when it is measured.
  document.addEventListener("click", (event) => {
    const tab = event.target.closest?.("[role=tab]");
    if (!tab) return;
    if (event.isTrusted) awaited = null;
    entered.add(tab.id.replace(/^tab-|-button$/g, ""));
    if (!following) step = true;
    setTimeout(write, 100);
  });

  const again = (slug) => {
    const wanted = asked().get("broken") === "1";
    led[slug] = "asked";
    if (switchOf(slug) && switchOf(slug).checked !== wanted) switchOf(slug).click();
    restore[slug]?.();
  };
  // The page shows what its address asks for, whoever wrote that.
  const show = () => {
    follows();
    const slug = asked().get("view");
    awaited = slug;
    const tab = document.getElementById(`tab-${slug}-button`);
    const begun = entered.has(slug);
    if (tab && tab.getAttribute("aria-selected") !== "true") tab.click();
    entered.add(slug);
    if (standing[slug]) again(slug);
    else if (begun) late[slug] = location.search;
  };
  window.addEventListener("popstate", show);

  const kept = () => PAGE.filter((name) => asked().has(name)).map((name) => `&${name}=${asked().get(name)}`);

  lab.address = {
    longest: LONGEST,
    told,
    joins: (slug, fill) => {
      restore[slug] = fill;
    },
    // The request that fills a view again leaves, is answered; one that measures it leaves. What was asked
    // for since is not meant by an answer to what left before.
    restores: (slug) => proceeds(slug, "asked", "sent"),
    restored: (slug) => proceeds(slug, "sent", "filled"),
    measures: (slug) => proceeds(slug, "filled", "measured"),
    // The view as it is without a link.
    reset: (slug) => {
      history.pushState(null, "", `${location.pathname}?view=${slug}${kept().join("")}`);
      follows();
      again(slug);
    },
    // The link of a view as it was last measured, null before, and while the address leads.
    linkOf: (slug) => (standing[slug] && !led[slug] ? new URLSearchParams(standing[slug]) : null),
    // What a link to a view asks for, as if the page had been opened with it.
    go: (query) => {
      history.pushState(null, "", location.pathname + query + kept().join(""));
      show();
    },
    // A setting of the page, of no view; null takes it out of the address.
    page: (name, value) => {
      const found = asked();
      if (value === null) found.delete(name);
      else found.set(name, value);
      const text = found.toString().replaceAll("%2C", ",").replaceAll("%3A", ":").replaceAll("%3B", ";");
      history.replaceState(null, "", `${location.pathname}?${text}${location.hash}`);
    },
    flipTheme: () => {
      const found = asked();
      found.set("__theme", document.body.classList.toggle("dark") ? "dark" : "light");
      history.replaceState(null, "", `${location.pathname}?${found}`);
    },
  };
})();
