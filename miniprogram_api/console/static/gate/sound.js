// Short tones that can be told apart without looking; they can be switched off, and stay off.

const KEY = "gate-sound";
const TONES = {
  good: [[880, 0, 0.1], [1320, 0.11, 0.16]],
  question: [[880, 0, 0.08]],
  warning: [[520, 0, 0.14], [520, 0.2, 0.14]],
  bad: [[240, 0, 0.4]],
};
let context;

export const isOn = () => localStorage.getItem(KEY) !== "off";

export function toggle() {
  localStorage.setItem(KEY, isOn() ? "off" : "on");
  return isOn();
}

export function play(tone) {
  if (!isOn() || !window.AudioContext) return;
  context ??= new AudioContext();
  if (context.state === "suspended") context.resume().catch(() => {});
  for (const [frequency, after, lasts] of TONES[tone]) beep(frequency, context.currentTime + after, lasts);
}

function beep(frequency, begins, lasts) {
  const oscillator = new OscillatorNode(context, { frequency });
  const gain = new GainNode(context, { gain: 0 });
  gain.gain.setValueAtTime(0.25, begins);
  gain.gain.linearRampToValueAtTime(0, begins + lasts);
  oscillator.connect(gain).connect(context.destination);
  oscillator.start(begins);
  oscillator.stop(begins + lasts);
}
