// What the page carries: files packed into scripts, as a page that was opened from a disk may run scripts but
// fetch nothing.
//
// A file is gzip, its bits are written in characters of 15 bits each, and the script is UTF-16: six of
// hundred more than the bytes. app/static/packing.py writes them. `lab.carried(name)` is a promise of the
// bytes; the script of that name is run first.
(() => {
  const FIRST = 0x3000; // the character of 0; none of the 2¹⁵ from there on means anything to a script
  const waiting = new Map(); // by name: {came, ready, failed}

  const entry = (name) => {
    if (!waiting.has(name)) {
      const one = {};
      one.came = new Promise((ready, failed) => Object.assign(one, { ready, failed }));
      waiting.set(name, one);
    }
    return waiting.get(name);
  };

  const bits = (text, length) => {
    const bytes = new Uint8Array(length);
    let held = 0;
    let count = 0;
    let at = 0;
    for (let i = 0; i < text.length; i++) {
      held = (held << 15) | (text.charCodeAt(i) - FIRST);
      for (count += 15; count >= 8 && at < length; count -= 8) bytes[at++] = held >> (count - 8);
      held &= (1 << count) - 1;
    }
    return bytes;
  };

  const unpacked = async (text, length) => {
    const gzip = new Blob([bits(text, length)]).stream();
    const plain = gzip.pipeThrough(new DecompressionStream("gzip"));
    return new Response(plain).arrayBuffer();
  };

  // Called by each packed script.
  lab.carry = (name, length, text) => {
    const one = entry(name);
    one.asked = true;
    unpacked(text, length).then(one.ready, one.failed);
  };

  lab.carried = (name) => {
    const one = entry(name);
    if (!one.asked) {
      one.asked = true;
      const script = document.createElement("script");
      script.src = `${name}.js`;
      script.onerror = () => one.failed(new Error(`${name}.js is not beside the page.`));
      document.head.append(script);
    }
    return one.came;
  };

  // A file of sections, see packing.sections: {head, name: typed array}.
  const KINDS = { f4: Float32Array, i4: Int32Array, u1: Uint8Array };
  lab.sections = (buffer) => {
    const size = new DataView(buffer).getUint32(0, true);
    const { head, sections } = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, size)));
    const found = { head };
    let at = 4 + size;
    for (const [name, kind, count] of sections) {
      const array = new KINDS[kind](count);
      const bytes = new Uint8Array(array.buffer);
      const width = array.BYTES_PER_ELEMENT; // plane by plane: what is alike lies together
      const given = new Uint8Array(buffer, at, count * width);
      for (let k = 0; k < width; k++)
        for (let i = 0; i < count; i++) bytes[i * width + k] = given[k * count + i];
      found[name] = array;
      at += count * width;
    }
    return found;
  };
})();
