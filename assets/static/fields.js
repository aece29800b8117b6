// The parts of a page as DOM, in the shape and with the class names that Gradio gives them, so that the lab's
// own sheet fits both. Each: (part, nodes of its children) → node.
(() => {
  const make = (tag, className = "", attributes = {}, ...children) => {
    const node = document.createElement(tag);
    node.className = className;
    for (const [name, text] of Object.entries(attributes)) node.setAttribute(name, text);
    node.append(...children);
    return node;
  };
  const block = (...children) => make("div", "block padded", {}, ...children);
  const title = (text) => make("span", "", { "data-testid": "block-info" }, text ?? "");
  const waiting = []; // widgets that start when the page stands

  const box = (className) => (_part, nodes) => make("div", className, {}, ...nodes);
  const fields = { column: box("column"), form: box("form") };

  fields.row = (part, nodes) => {
    const even = part.props.equal_height ? "" : " unequal-height";
    return make("div", `row${even}`, {}, ...nodes);
  };

  // --- tabs ---------------------------------------------------------------------------------------------
  fields.tabitem = (_part, nodes) =>
    make("div", "tabitem", { role: "tabpanel" }, make("div", "column", {}, ...nodes));

  fields.tabs = (part, nodes) => {
    const list = make("div", "tab-container", { role: "tablist" });
    const choose = (index) => {
      const child = part.children[index];
      if (part.chosen === child) return;
      part.chosen = child;
      nodes.forEach((node, k) => {
        node.style.display = k === index ? "flex" : "none";
        list.children[k].setAttribute("aria-selected", String(k === index));
        list.children[k].classList.toggle("selected", k === index);
      });
      lab.page.fire(child.id, "select");
      lab.page.seen?.(child.props.id);
    };
    part.children.forEach(({ props }, index) => {
      const button = make("button", "", { role: "tab", "aria-selected": "false", type: "button" });
      button.textContent = props.label;
      if (props.elem_id) button.id = `${props.elem_id}-button`;
      button.addEventListener("click", () => choose(index));
      list.append(button);
    });
    nodes.forEach((node) => {
      node.style.display = "none";
    });
    part.shows.selected = (id) => choose(part.children.findIndex(({ props }) => props.id === id));
    if (part.props.elem_id !== "views") waiting.push(() => choose(0));
    return make("div", "tabs", {}, make("div", "tab-wrapper", {}, list), ...nodes);
  };

  fields.accordion = (part, nodes) => {
    const inner = make("div", "", {}, make("div", "column", {}, ...nodes));
    const icon = make("span", "icon", {}, "▼");
    const head = make(
      "button",
      "label-wrap",
      { type: "button" },
      make("span", "", {}, part.props.label),
      icon,
    );
    part.shows.open = (open) => {
      part.props.open = open;
      inner.style.display = open ? "" : "none";
      icon.style.transform = open ? "" : "rotate(90deg)";
      head.setAttribute("aria-expanded", String(open));
    };
    head.addEventListener("click", () => part.shows.open(!part.props.open));
    part.shows.open(part.props.open);
    return make("div", "block gr-accordion padded", {}, head, inner);
  };

  // --- fields -------------------------------------------------------------------------------------------
  fields.button = (part) => {
    const node = make("button", "sm secondary", { type: "button" }, part.props.value ?? "");
    node.addEventListener("click", () => lab.page.fire(part.id, "click"));
    return node;
  };

  const bounded = (text, low, high) => Math.min(high ?? Infinity, Math.max(low ?? -Infinity, Number(text)));

  fields.slider = (part) => {
    const { minimum, step, label, value: first } = part.props;
    const limits = { min: minimum, max: part.props.maximum, step: step ?? "any" };
    const range = make("input", "", { type: "range", "aria-label": `range slider for ${label}`, ...limits });
    const number = make("input", "", {
      type: "number",
      "aria-label": `number input for ${label}`,
      ...limits,
    });
    const reset = make("button", "reset-button", { type: "button", "aria-label": "Reset" }, "↺");
    const most = make("span", "max_value", {}, String(part.props.maximum));
    const show = (value) => {
      if (document.activeElement !== number) number.value = value ?? "";
      range.value = value ?? minimum;
      const share = (range.value - minimum) / (part.props.maximum - minimum);
      range.style.setProperty("--range_progress", `${100 * share}%`);
    };
    const move = (value, ...events) => {
      lab.page.moved(part, value, ...events);
      show(value);
    };
    range.addEventListener("input", () => move(Number(range.value), "input", "change"));
    number.addEventListener("change", () => {
      if (number.value === "") return show(part.props.value);
      const value = bounded(number.value, minimum, part.props.maximum);
      number.value = value;
      move(value, "input", "change");
    });
    reset.addEventListener("click", () => move(part.first ?? first ?? minimum, "input", "change"));
    part.shows.value = show;
    part.shows.maximum = (maximum) => {
      range.max = number.max = maximum;
      most.textContent = maximum;
    };
    show(first);
    const head = make("div", "head", {}, make("label", "", {}, title(label)));
    head.append(make("div", "tab-like-container", {}, number, reset));
    const least = make("span", "min_value", {}, String(minimum));
    const track = make("div", "slider_input_container", {}, least, range, most);
    return block(make("div", "wrap", {}, head, track));
  };

  fields.number = (part) => {
    const { label, minimum, maximum, value: first } = part.props;
    const node = make("input", "", { type: "number", "aria-label": label, step: 1 });
    if (minimum !== undefined) node.min = minimum;
    if (maximum !== undefined) node.max = maximum;
    part.shows.value = (value) => {
      node.value = value ?? "";
    };
    part.shows.value(first);
    node.addEventListener("change", () => {
      if (node.value === "") return part.shows.value(part.props.value);
      const value = Math.round(bounded(node.value, minimum, maximum));
      node.value = value;
      lab.page.moved(part, value, "input", "change");
    });
    return block(make("label", "block container", {}, title(label), node));
  };

  fields.checkbox = (part) => {
    const node = make("input", "", { type: "checkbox" });
    part.shows.value = (value) => {
      node.checked = Boolean(value);
    };
    part.shows.value(part.props.value);
    node.addEventListener("change", () => lab.page.moved(part, node.checked, "input", "change"));
    const text = make("span", "label-text", {}, part.props.label);
    return block(make("label", "checkbox-container", {}, node, text));
  };

  fields.radio = (part) => {
    const wrap = make("div", "wrap");
    const show = (value) => {
      for (const label of wrap.children) {
        const chosen = label.firstChild.value === JSON.stringify(value);
        label.firstChild.checked = chosen;
        label.classList.toggle("selected", chosen);
      }
    };
    part.shows.choices = (choices) => {
      wrap.replaceChildren(
        ...choices.map(([text, value]) => {
          const node = make("input", "", { type: "radio", name: `part-${part.id}` });
          node.value = JSON.stringify(value);
          node.addEventListener("change", () => {
            lab.page.moved(part, value, "input", "change");
            show(value);
          });
          return make("label", "", {}, node, make("span", "", {}, text));
        }),
      );
      show(part.props.value);
    };
    part.shows.value = show;
    part.shows.choices(part.props.choices);
    const look = part.props.show_label === false ? [] : [title(part.props.label)];
    return make("fieldset", "block padded", {}, ...look, wrap);
  };

  fields.markdown = (part) => {
    const node = make("div", "block prose", {}, part.props.value ?? "");
    part.shows.value = (value) => {
      node.textContent = value ?? "";
    };
    return node;
  };

  // --- HTML: our own widgets, and words of the lab ------------------------------------------------------
  fields.html = (part) => {
    const { template, value: first } = part.props;
    const holder = make("div", "html-container");
    const element = make("div", (part.props.elem_classes ?? []).join(" "), { id: `html-${part.id}` });
    holder.append(element);
    if (template === undefined) {
      part.shows.value = (value) => {
        element.innerHTML = value ?? ""; // the lab's own words, built with the page
      };
      part.shows.value(first);
      return make("div", "block hide-container", {}, holder);
    }
    element.innerHTML = template;
    waiting.push(() => begin(part, element));
    return make("div", "block hide-container", {}, holder);
  };

  // What a widget's script is given: see app/widgets/__init__.py.
  const begin = (part, element) => {
    const watchers = [];
    const props = new Proxy(part.props, {
      set(target, name, next) {
        target[name] = next;
        if (name === "value") lab.page.fire(part.id, "change");
        return true;
      },
    });
    part.shows.value = () => watchers.forEach((watcher) => watcher());
    const trigger = (event, data) => lab.page.fire(part.id, event, data);
    const watch = (_name, watcher) => watchers.push(watcher);
    const { kind, own } = part.props;
    lab.start(kind, own, [], element, props, trigger, watch);
  };

  fields.ready = () => waiting.splice(0).forEach((act) => act());
  lab.fields = fields;
})();
