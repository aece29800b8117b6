// A view's stage as one picture for a slide: its pictures with their captions, the formula, the address;
// 1280 pixels wide, drawn here from what is on screen. No request is made.
//
// A widget whose canvases cannot be read, such as plotly's, says by lab.slides.paints(element, fn) what they
// show: fn gives [{image, caption, note}].
(() => {
  const WIDE = 1280;
  const EDGE = 40;
  const GAP = 24;
  const painters = new WeakMap();
  const FONT = "system-ui, sans-serif";

  const holderOf = (slug) => {
    const tab = document.getElementById(`tab-${slug}`);
    return [`#${slug}-canvas .stage`, `#${slug}-scatter`, `#${slug}-stage`]
      .map((selector) => tab?.querySelector(selector))
      .find(Boolean);
  };

  const said = (node, selectors) => {
    const found = selectors.map((selector) => node?.querySelector(selector));
    return text(found.find((each) => each?.textContent));
  };

  // What stands low in a formula has a mark on a slide, which has one size of letters: g_y.
  const text = (node) => {
    const copy = node?.cloneNode(true);
    for (const index of copy?.querySelectorAll("sub") ?? []) index.prepend("_");
    return copy?.textContent;
  };

  // What a photo and its painting, one over the other, are called.
  const tagOf = (node) => (node.tagName === "IMG" ? node.alt : "");

  const seen = (node) => node.offsetParent && node.clientWidth > 8;

  const gathered = async (holder) => {
    const own = painters.get(holder);
    if (own) return own();
    const nodes = [...holder.querySelectorAll("canvas, img")].filter(seen);
    // a photo that is divided by a line lies above its painting: it comes first
    if (nodes[0]?.tagName === "IMG") nodes.reverse();
    return nodes.map((image) => {
      const tile = image.closest(".tile, figure");
      return {
        image,
        caption: said(tile, ["strong", "figcaption"]) || tagOf(image),
        note: said(tile, ["small"]) || "",
      };
    });
  };

  const ready = async (image) => {
    if (image.tagName === "IMG") await image.decode();
    return image;
  };
  const sizeOf = (image) => [image.naturalWidth || image.width, image.naturalHeight || image.height];

  // Text cut into lines that fit.
  const lines = (pen, text, room) => {
    const found = [];
    for (const word of text.split(" ")) {
      const longer = found.length ? `${found.at(-1)} ${word}` : word;
      if (found.length && pen.measureText(longer).width <= room) found[found.length - 1] = longer;
      else found.push(word);
    }
    return found;
  };

  const formulas = (slug) => {
    const tab = document.getElementById(`tab-${slug}`);
    const own = [...tab.querySelectorAll(`#${slug}-formula p, #${slug}-formula, [data-part=formula]`)];
    const law = tab.querySelector(`#${slug}-meter .law`);
    const verdict = tab.querySelector(`#${slug}-meter .verdict`)?.textContent;
    const formula = text(own.find((node) => node.textContent.trim()))?.trim();
    const measured = law && `${said(law, [".name"])}: ${said(law, [".formula"])}, ${said(law, ["output"])}`;
    return [formula, measured, verdict && `The law ${verdict}`].filter(Boolean);
  };

  // What is dragged lies over a canvas as buttons: a dot each, with its name.
  const dots = (pen, image, left, top, side) => {
    const box = image.getBoundingClientRect();
    for (const knob of image.parentElement?.querySelectorAll("[data-handle]") ?? []) {
      if (!seen(knob)) continue;
      const at = knob.getBoundingClientRect();
      const x = left + (side * (at.left + at.width / 2 - box.left)) / box.width;
      const y = top + (side * (at.top + at.height / 2 - box.top)) / box.width;
      pen.fillStyle = getComputedStyle(knob).color;
      pen.beginPath();
      pen.arc(x, y, 8, 0, 7);
      pen.fill();
      pen.font = `600 16px ${FONT}`;
      pen.textAlign = "center";
      pen.fillText(knob.textContent, x, y - 14);
    }
  };

  // Words are laid out first, on a pen of no paper: how tall the picture gets depends on them.
  const drawn = async (slug, address) => {
    const holder = holderOf(slug);
    const shown = holder ? await gathered(holder) : [];
    if (!shown.length) throw new Error("nothing to draw");
    await Promise.all(shown.map(({ image }) => ready(image)));
    const colour = (name) => lab.colour(name);
    const sheet = document.createElement("canvas");
    const pen = sheet.getContext("2d");
    const room = (WIDE - 2 * EDGE - GAP * (shown.length - 1)) / shown.length;
    const [width, height] = sizeOf(shown[0].image);
    const side = Math.min(room, (560 * width) / height);
    const tall = (side * height) / width;
    pen.font = `15px ${FONT}`;
    const below = formulas(slug).flatMap((text) => lines(pen, text, WIDE - 2 * EDGE));
    pen.font = `13px ${FONT}`;
    const feet = lines(pen, address.length > 300 ? `${address.slice(0, 297)}…` : address, WIDE - 2 * EDGE);
    sheet.width = WIDE;
    sheet.height = Math.ceil(EDGE + 48 + tall + 70 + 24 * below.length + 20 * feet.length + EDGE);
    pen.fillStyle = colour("--lab-card");
    pen.fillRect(0, 0, sheet.width, sheet.height);
    const write = (text, x, y, font, hue, align = "left") => {
      pen.font = font;
      pen.textAlign = align;
      pen.fillStyle = colour(hue);
      pen.fillText(text, x, y, align === "center" ? room : undefined);
    };
    const title = document.getElementById(`tab-${slug}-button`)?.textContent.trim() ?? "";
    write(`${document.title}: ${title}`, EDGE, EDGE + 18, `600 24px ${FONT}`, "--lab-text");
    const top = EDGE + 48;
    shown.forEach(({ image, caption, note }, i) => {
      const middle = EDGE + room / 2 + i * (room + GAP);
      const [w, h] = sizeOf(image);
      pen.imageSmoothingEnabled = w > side; // small pictures keep their pixels
      pen.drawImage(image, middle - side / 2, top, side, Math.min(tall, (side * h) / w));
      dots(pen, image, middle - side / 2, top, side);
      pen.strokeStyle = colour("--lab-line");
      pen.strokeRect(middle - side / 2, top, side, Math.min(tall, (side * h) / w));
      write(caption ?? "", middle, top + tall + 26, `600 18px ${FONT}`, "--lab-text", "center");
      write(note ?? "", middle, top + tall + 50, `16px ${FONT}`, "--lab-quiet", "center");
    });
    let y = top + tall + 84;
    const rows = (texts, step, font, hue) => {
      for (const text of texts) {
        write(text, EDGE, y, font, hue);
        y += step;
      }
    };
    rows(below, 24, `15px ${FONT}`, "--lab-text");
    rows(feet, 20, `13px ${FONT}`, "--lab-quiet");
    return new Promise((done) => sheet.toBlob(done, "image/png"));
  };

  const save = async (slug, address) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await drawn(slug, address));
    link.download = `linearizer-${slug}.png`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    return "saved";
  };

  // A browser that copies no pictures gets a file.
  const copy = async (slug, address) => {
    try {
      const item = new ClipboardItem({ "image/png": drawn(slug, address) });
      await navigator.clipboard.write([item]);
      return "pictured";
    } catch {
      await save(slug, address);
      return "instead";
    }
  };

  lab.slides = { save, copy, paints: (element, fn) => painters.set(element, fn) };
})();
