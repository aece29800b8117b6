// Camera: seen until the picture is taken. Where a page may not use it, as on one without https, a phone's
// own camera does.
const video = part("video");
let stream = null;

const stop = () => {
  for (const track of stream?.getTracks() ?? []) track.stop();
  stream = video.srcObject = null;
  toggle(camera, "camera", false);
};

const look = async () => {
  if (stream) return stop();
  say("");
  if (!navigator.mediaDevices?.getUserMedia) {
    file.setAttribute("capture", "environment");
    file.click();
    file.removeAttribute("capture");
    return;
  }
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  } catch (error) {
    refuse(error.name === "NotAllowedError" ? own.words.camera_refused : own.words.no_camera);
    return;
  }
  video.srcObject = stream;
  toggle(camera, "camera", true);
  await video.play();
};

const shoot = () => {
  if (!video.videoWidth) return;
  clear();
  const picture = shrunk(video, video.videoWidth, video.videoHeight);
  stop();
  send(picture, false);
};
