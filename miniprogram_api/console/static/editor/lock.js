// Who else has the article open. Told at the opening and every half minute; a notice, not a bar.

import * as api from "./api.js";

const BEAT_MS = 30_000;

export function holdArticle({ lock, release }, tab, show) {
  const beat = async () => {
    const answer = await api.post(lock, { tab }).catch(() => null);
    if (answer) show(answer.other);
  };
  beat();
  setInterval(beat, BEAT_MS);
  addEventListener("pagehide", () => { api.post(release, { tab }, { lasting: true }).catch(() => null); });
  addEventListener("pageshow", (event) => { if (event.persisted) beat(); });
}
