// Comforts of the publicity desk: only what was chosen is asked, buttons name their effect, the paragraph of a note is told.

const when = document.querySelector('form#publish [name="when"]');
const dayOf = new Intl.DateTimeFormat("zh-CN", { month: "long", day: "numeric", weekday: "short", timeZone: "UTC" });

function showWhatIsAsked() {
  for (const part of document.querySelectorAll("[data-when]")) {
    part.hidden = document.querySelector(`[name="${part.dataset.when}"]:checked`)?.value !== part.dataset.is;
  }
  for (const part of document.querySelectorAll("[data-ticked]")) {
    part.hidden = !document.getElementById(part.dataset.ticked)?.checked;
  }
}

// The server says it once more on the page that follows.
function nameTheEffect() {
  const button = document.getElementById("check");
  if (!when || !button) return;
  const chosen = document.querySelector('[name="when"]:checked')?.value;
  const [day, time] = [document.getElementById("on").value, document.getElementById("at").value];
  let words = "下一步：核对";
  if (chosen === "now") words = "核对后立即发布";
  if (chosen === "later" && day && time) {
    const parts = Object.fromEntries(dayOf.formatToParts(new Date(`${day}T00:00Z`)).map((part) => [part.type, part.value]));
    words = `核对后定于 ${parts.month}月${parts.day}日（${parts.weekday}）${time} 发布`.replace("月月", "月");
  }
  button.textContent = words;
}

function tellThePicked() {
  const line = document.getElementById("picked");
  if (!line) return;
  const picked = document.querySelector('.pick input[name="block"]:checked');
  const text = picked?.closest(".part")?.textContent.replace("就这一段写意见", "").trim().slice(0, 24);
  line.textContent = picked ? `意见针对：“${text}…”` : "";
}

// Whoever picks a paragraph goes on to write about it.
document.addEventListener("click", (event) => {
  if (event.target.matches?.('.pick input[name="block"]') && event.detail > 0) {
    document.getElementById("note")?.focus({ preventScroll: true });
  }
});
// Browsers differ in which keys go with an access key; Alt is the one that the page names.
document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || !event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const wanted = [...document.querySelectorAll("[accesskey]")].find(
    (control) => `Key${control.accessKey.toUpperCase()}` === event.code,
  );
  if (!wanted) return;
  event.preventDefault();
  wanted.focus();
  if (wanted.matches("a, button")) wanted.click();
});
document.addEventListener("change", () => { showWhatIsAsked(); nameTheEffect(); tellThePicked(); });
document.addEventListener("input", nameTheEffect);
showWhatIsAsked();
nameTheEffect();
tellThePicked();
