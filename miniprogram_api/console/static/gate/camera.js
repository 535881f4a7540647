// Reading QR codes by camera: the browser's own reader where there is one, else a vendored one.

const PAUSE_MS = 120;
const WIDEST = 960;
const SAME_AGAIN_MS = 4000;

export class Camera {
  #video;
  #stream = null;
  #last = { code: null, at: 0 };

  constructor(video, onCode) {
    this.#video = video;
    this.onCode = onCode;
    this.paused = false;
  }

  get isOn() {
    return this.#stream !== null;
  }

  // Throws what the browser says when it has no camera or may not use it.
  async start() {
    const wanted = { facingMode: { ideal: "environment" }, width: { ideal: 1280 } };
    this.#stream = await navigator.mediaDevices.getUserMedia({ video: wanted });
    this.#video.srcObject = this.#stream;
    await this.#video.play();
    this.#watch(await reader());
  }

  stop() {
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = null;
    this.#video.srcObject = null;
  }

  async #watch(read) {
    while (this.isOn) {
      if (!this.paused && this.#video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) {
        const code = await read(this.#video).catch(() => null);
        if (code && this.isOn && !this.paused) this.#see(code);
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  // A ticket that is still held before the camera is not scanned again.
  #see(code) {
    const again = code === this.#last.code && Date.now() - this.#last.at < SAME_AGAIN_MS;
    this.#last = { code, at: Date.now() };
    if (!again) this.onCode(code);
  }
}

async function reader() {
  const formats = (await globalThis.BarcodeDetector?.getSupportedFormats?.().catch(() => [])) ?? [];
  if (formats.includes("qr_code")) {
    const detector = new BarcodeDetector({ formats: ["qr_code"] });
    return async (video) => (await detector.detect(video))[0]?.rawValue ?? null;
  }
  const { decodeQR } = await import("../vendor/qr/decode.js");
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { willReadFrequently: true });
  return async (video) => {
    const scale = Math.min(1, WIDEST / video.videoWidth);
    canvas.width = Math.round(video.videoWidth * scale);
    canvas.height = Math.round(video.videoHeight * scale);
    context.drawImage(video, 0, 0, canvas.width, canvas.height);
    try {
      return decodeQR(context.getImageData(0, 0, canvas.width, canvas.height));
    } catch {
      return null; // no code in this picture
    }
  };
}
