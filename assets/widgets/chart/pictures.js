// Thumbnails: sheets fetched when a picture of them is first wanted; grey is ink, in the theme's or a class's
// colour.
let sheets = []; // {image, inked, coloured} by number

const rgbOf = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
const hexOf = (colour) => (colour.startsWith("#") ? colour : ink("--lab-ink"));

function sheetOf(i) {
  const { sheets: addresses, columns, rows } = linked();
  const number = Math.floor(i / (columns * rows));
  if (!addresses[number]) return null;
  if (!sheets[number]) {
    const image = new Image();
    const sheet = { image, ready: false };
    sheets[number] = sheet;
    sheet.came = new Promise((ready) => {
      image.onload = () => {
        sheet.ready = true;
        ready();
        draw();
      };
    });
    image.src = lab.place(addresses[number]);
  }
  return sheets[number].ready ? { ...sheets[number], number } : null;
}

// Resolves when every sheet is there.
function sheetsCame() {
  const { sheets: addresses, columns, rows } = linked();
  addresses.forEach((_, number) => sheetOf(number * columns * rows));
  return Promise.all(sheets.map(({ came }) => came));
}

// Ink on clear paper, so that what lies under a thumbnail stays visible.
function tinted(image, paint) {
  const { tile, columns } = linked();
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  canvas.width = image.width;
  canvas.height = image.height;
  pen.drawImage(image, 0, 0);
  const found = pen.getImageData(0, 0, canvas.width, canvas.height);
  const data = found.data;
  for (let p = 0, at = 0; p < data.length; p += 4, at++) {
    const row = Math.floor(at / canvas.width / tile);
    const rgb = paint(row * columns + Math.floor((at % canvas.width) / tile));
    data[p + 3] = data[p];
    data[p] = rgb[0];
    data[p + 1] = rgb[1];
    data[p + 2] = rgb[2];
  }
  pen.putImageData(found, 0, 0);
  return canvas;
}

// The canvas that holds picture i, in the theme's ink or in its class's colour; null where it is on its way.
function sheetWith(i, coloured) {
  const found = sheetOf(i);
  if (!found) return null;
  if (linked().photos) return found.image;
  const kept = sheets[found.number];
  if (coloured && !kept.coloured) {
    const first = found.number * linked().columns * linked().rows;
    const colours = groups.map(({ colour }) => rgbOf(hexOf(colour)));
    const paper = rgbOf(ink("--lab-quiet"));
    kept.coloured = tinted(found.image, (tile) => colours[groupOf[first + tile]] ?? paper);
  }
  if (!coloured && !kept.inked) {
    const rgb = rgbOf(ink("--lab-ink"));
    kept.inked = tinted(found.image, () => rgb);
  }
  return coloured ? kept.coloured : kept.inked;
}

// Forget what was tinted: the theme or the classes have changed.
function untint() {
  for (const sheet of sheets) if (sheet) sheet.inked = sheet.coloured = undefined;
}

function drawPicture(pen, i, x, y, size, coloured = false) {
  const sheet = sheetWith(i, coloured);
  if (!sheet) return false;
  const { tile, columns, rows } = linked();
  const at = i % (columns * rows);
  pen.drawImage(sheet, (at % columns) * tile, Math.floor(at / columns) * tile, tile, tile, x, y, size, size);
  return true;
}
