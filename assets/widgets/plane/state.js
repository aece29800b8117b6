// What all files of the plane share: its parts, its measures, and what is on screen now. The names of one
// file are known to the others; app/views/plane/canvas.py says in which order they stand.
const $ = (name) => element.querySelector(`[data-part="${name}"]`);
const PANES = ["input", "latent", "output"];
const REACH = { input: 3, latent: 4, output: 3 }; // from the middle of a pane to its edge
const FAR = 7; // how far the grid goes, in latents
const LOOP = 10000; // milliseconds
const ROUNDS = 6;
const SEGMENT = 40; // points of a line from one point to another
const ROUND = 96; // and of a circle
const CLOUD = 2000; // points that the flow carries
const KEY_STEP = 0.05;
const TAU = 2 * Math.PI;
const covered = () => document.body.classList.contains("lab-covered"); // a lesson asks where the sum lies
const calm = window.matchMedia("(prefers-reduced-motion: reduce)");

// the models, and the one that is shown: its network, the latents of its data, its noise on the way
let planes = {};
let name = "";
let net = null;
let latents = null;
let flowCloud = null;

// what the visitor has set (standing.py), the matrix of it, and where a motion stands
let state = null;
let A = null;
let t = 1;
let grown = 1;
let idle = 0; // the opening loop: true until its first frame, then the time of that
let playing = 0; // the flow or the circle, likewise
let dragging = false; // the mode while a hand holds something
let woken = false; // the loop was ended by a touch that has told the server nothing yet

// the page: panes, handles, colours of the theme
const panes = {};
const handles = [];
let colours = {};
let built = false;
let pending = 0;
let worded = 0;
let rested = 0; // when the page has had three times as long for other things as the last frame took
