// The page that cuts a picture: the pointer writes the numbers of its form.

import { cutter } from "./crop.js";
import { byId } from "./dom.js";

const place = byId("cutter");
const { src, alt, width, height } = place.dataset;
const inputs = Object.fromEntries(["left", "top", "width", "height"].map((name) => [name, byId(name)]));
place.replaceChildren(...cutter({ src, alt, width: Number(width), height: Number(height) }, inputs).parts);
