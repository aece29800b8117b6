// What every widget shares: bytes to canvas, colours of the theme, redrawing when dark and light change.
window.lab =
  window.lab ||
  (() => {
    const colour = (name, element) =>
      getComputedStyle(element || document.body)
        .getPropertyValue(name)
        .trim();
    const rgb = (text) => {
      const hex = text.replace("#", "");
      return [0, 2, 4].map((i) => parseInt(hex.slice(i, i + 2), 16));
    };

    // The pictures of app.pictures.encoding.for_browser as one Uint8Array; the engine's are one already.
    const bytes = (pictures) => {
      if (pictures.data) return pictures.data;
      const text = atob(pictures.bytes);
      const found = new Uint8Array(text.length);
      for (let i = 0; i < text.length; i++) found[i] = text.charCodeAt(i);
      return found;
    };

    // Picture number `index` as ImageData. Grey means ink: 0 is the paper of the theme, 255 its ink.
    const image = (pictures, data, index) => {
      const { width, height, channels } = pictures;
      const out = new ImageData(width, height);
      const start = index * width * height * channels;
      const paper = rgb(colour("--lab-paper"));
      const ink = rgb(colour("--lab-ink"));
      for (let p = 0; p < width * height; p++) {
        for (let c = 0; c < 3; c++) {
          const level = data[start + p * channels + (channels === 1 ? 0 : c)];
          out.data[4 * p + c] = channels === 1 ? paper[c] + (ink[c] - paper[c]) * (level / 255) : level;
        }
        out.data[4 * p + 3] = 255;
      }
      return out;
    };

    const paint = (canvas, pictures, data, index) => {
      if (canvas.width !== pictures.width || canvas.height !== pictures.height) {
        canvas.width = pictures.width;
        canvas.height = pictures.height;
      }
      canvas.getContext("2d").putImageData(image(pictures, data, index), 0, 0);
    };

    // Calls `redraw` when the theme changes or the element gets another size, for as long as it is in the
    // page.
    const keepFresh = (element, redraw) => {
      const watchers = [];
      const call = () => {
        if (element.isConnected) return redraw();
        watchers.forEach((watcher) => watcher.disconnect());
      };
      const theme = new MutationObserver(call);
      theme.observe(document.body, { attributes: true, attributeFilter: ["class"] });
      let width = element.clientWidth;
      const size = new ResizeObserver(() => {
        if (element.clientWidth !== width) {
          width = element.clientWidth;
          call();
        }
      });
      size.observe(element);
      watchers.push(theme, size);
    };

    // A canvas made sharp for this screen; returns its context in CSS pixels.
    const sharp = (canvas, width, height) => {
      const scale = window.devicePixelRatio || 1;
      canvas.width = Math.round(width * scale);
      canvas.height = Math.round(height * scale);
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
      const context = canvas.getContext("2d");
      context.setTransform(scale, 0, 0, scale, 0, 0);
      return context;
    };

    // Fills `holder` with buttons, [text, pressed or null, act] each; the one that had the focus keeps it.
    const keys = (holder, rows) => {
      const at = holder.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
      holder.replaceChildren(
        ...rows.map(([text, pressed, act]) => {
          const button = document.createElement("button");
          button.type = "button";
          button.textContent = button.dataset.key = text;
          if (pressed !== null) button.setAttribute("aria-pressed", pressed);
          button.addEventListener("click", act);
          return button;
        }),
      );
      if (at)
        [...holder.children].find((button) => button.dataset.key === at)?.focus({ preventScroll: true });
    };

    // A hand on `node`: the pointer that comes down first holds it until it is lifted; others are ignored
    // meanwhile, so that a second finger draws nothing. `begin` may refuse by false; `end` is told whether it
    // was cancelled. `sideways`: a finger that goes up or down means the page, so nothing begins before it
    // goes to the side or lifts.
    const hold = (node, { begin, move, end = () => {}, sideways = false }) => {
      let holder = null;
      let waiting = null;
      const start = () => {
        const first = waiting;
        waiting = null;
        return begin(first);
      };
      node.addEventListener("pointerdown", (event) => {
        if (holder !== null || event.button) return;
        waiting = event;
        const patient = sideways && event.pointerType === "touch";
        if (!patient && start() === false) return;
        holder = event.pointerId;
        node.setPointerCapture(holder);
      });
      node.addEventListener("pointermove", (event) => {
        if (event.pointerId !== holder) return;
        if (waiting && !isSideways(waiting, event)) return;
        if (waiting) start();
        move(event);
      });
      const lift = (event) => {
        if (event.pointerId !== holder) return;
        holder = null;
        const cancelled = event.type !== "pointerup";
        const idle = waiting && (cancelled || !isTap(waiting, event));
        if (waiting && !idle) start();
        waiting = null;
        if (!idle) end(cancelled);
      };
      for (const name of ["pointerup", "pointercancel", "lostpointercapture"])
        node.addEventListener(name, lift);
    };

    // Whether a finger that came down at `first` and is at `now` goes to the side, and not up or down.
    const isSideways = (first, now) => {
      const across = Math.abs(now.clientX - first.clientX);
      return across > 4 && across > Math.abs(now.clientY - first.clientY);
    };

    const isTap = (first, now) => Math.hypot(now.clientX - first.clientX, now.clientY - first.clientY) < 10;

    // All places of a pointer since the last event; a browser that keeps none says where it is now.
    const trail = (event) => {
      const places = event.getCoalescedEvents?.() ?? [];
      return places.length ? places : [event];
    };

    // A script of our own server, fetched once however many ask; a page without a server brings it along.
    const fetched = new Map();
    const place = (address) => {
      if (lab.told?.kept[address]) return lab.told.kept[address];
      const root = window.gradio_config?.root;
      return new URL(address, root ? `${root}/` : document.baseURI).href;
    };
    const fetchScript = (address) => {
      if (!fetched.has(address)) {
        const run = (source) =>
          new Promise((ready, failed) => {
            const node = document.createElement("script");
            node.src = source;
            node.onload = ready;
            node.onerror = () => {
              fetched.delete(address); // the next widget may try again
              node.remove();
              failed(new Error(address));
            };
            document.head.append(node);
          });
        const came = Promise.resolve(lab.bring?.(address) ?? place(address)).then(run);
        fetched.set(address, came);
      }
      return fetched.get(address);
    };

    // Brings a script that will be asked for soon into the browser's cache; one that does not come is missed
    // when it is asked for.
    const fetchAhead = (address) =>
      (lab.bring ? lab.bring(address) : fetch(place(address))).catch(() => null);

    // Starts a widget whose scripts are large when it is first seen: its own is fetched first, and
    // `own.arrive()` is a promise of the one that it needs, which runs when the widget has shown what it can
    // without.
    const late = {};
    const lately = (name, [needs, script], element, props, trigger, watch, own) => {
      const seen = new IntersectionObserver(
        async (entries) => {
          if (!entries.some((entry) => entry.isIntersecting)) return;
          seen.disconnect();
          if (!fetched.has(needs)) fetchAhead(needs);
          try {
            await fetchScript(script);
          } catch {
            element.dataset.late = "failed";
            return;
          }
          late[name](element, props, trigger, watch, { ...own, arrive: () => fetchScript(needs) });
        },
        { rootMargin: "200px" },
      );
      seen.observe(element);
    };

    // A formula as nodes, where indices stand low that no letter of Unicode is written as: g_y.
    const typeset = (formula) =>
      formula.split(/_([a-z]+)/).map((part, i) => {
        if (i % 2 === 0) return part;
        const index = document.createElement("sub");
        index.textContent = part;
        return index;
      });

    // Starts a widget: its kind by name, its constants, the events that it can tell of, and what Gradio gives
    // its script. The kinds stand in the page once, see app/widgets/__init__.py.
    const widgets = {};
    const start = (name, own, _events, element, props, trigger, watch) =>
      widgets[name](element, props, trigger, watch, lab.said(own, lab.spoken));

    return {
      colour,
      bytes,
      image,
      paint,
      keepFresh,
      sharp,
      keys,
      hold,
      isSideways,
      isTap,
      trail,
      place,
      late,
      lately,
      widgets,
      start,
      typeset,
    };
  })();
