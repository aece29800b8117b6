// Files: uploaded, dropped or pasted. Shrunk and turned upright by the browser; what it cannot read goes to
// the server, which says what is wrong.
const PHOTO_SIDE = 512;

const asIs = (blob) =>
  new Promise((resolve) => {
    const reader = new FileReader();
    reader.onload = () => resolve(`data:image/unknown;base64,${String(reader.result).split(",")[1]}`);
    reader.readAsDataURL(blob);
  });

// Width and height without its pixels: a small file may hold more of them than this machine has memory for.
const sizeOf = async (blob) => {
  const image = new Image();
  image.src = URL.createObjectURL(blob);
  try {
    await new Promise((ready, failed) => {
      image.onload = ready;
      image.onerror = failed;
    });
    return image.naturalWidth * image.naturalHeight;
  } finally {
    URL.revokeObjectURL(image.src);
  }
};

const shrunk = (source, width, height) => {
  const scale = own.most
    ? Math.min(1, Math.sqrt(own.most / (width * height)))
    : Math.min(1, PHOTO_SIDE / Math.max(width, height));
  const copy = document.createElement("canvas");
  copy.width = Math.max(1, Math.floor(width * scale));
  copy.height = Math.max(1, Math.floor(height * scale));
  const context = copy.getContext("2d");
  context.imageSmoothingQuality = "high";
  if (own.most) {
    context.fillStyle = "white"; // what is transparent, as on the server
    context.fillRect(0, 0, copy.width, copy.height);
  }
  context.drawImage(source, 0, 0, copy.width, copy.height);
  return own.most ? copy.toDataURL("image/jpeg", 0.95) : copy.toDataURL("image/png");
};

const taken = async (blob) => {
  const picture = await createImageBitmap(blob);
  const address = shrunk(picture, picture.width, picture.height);
  picture.close();
  return address;
};

const take = async (blob) => {
  if (!blob) return;
  clear();
  if (blob.size > own.limit) return refuse(own.too_big);
  busy(true);
  const pixels = await sizeOf(blob).catch(() => 0);
  if (pixels > own.pixels) return refuse(own.too_many.replace("{}", Math.round(pixels / 1e6)));
  send(await taken(blob).catch(() => asIs(blob)), false);
};

file.addEventListener("change", () => {
  take(file.files[0]);
  file.value = "";
});
root.addEventListener("dragover", (event) => {
  event.preventDefault();
  root.classList.add("over");
});
root.addEventListener("dragleave", (event) => {
  if (!root.contains(event.relatedTarget)) root.classList.remove("over");
});
root.addEventListener("drop", (event) => {
  event.preventDefault();
  root.classList.remove("over");
  const dropped = event.dataTransfer.files[0];
  if (dropped) take(dropped);
  else refuse(own.words.no_file);
});

// A paste is for the view in front, wherever the focus is; one of text goes where it belongs.
const pasted = (event) => {
  if (!element.isConnected) return document.removeEventListener("paste", pasted);
  const picture = [...(event.clipboardData?.files ?? [])][0];
  if (picture && element.offsetParent) take(picture);
};
document.addEventListener("paste", pasted);
