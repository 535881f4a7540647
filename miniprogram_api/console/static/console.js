// What pages do beyond links and forms. Everything here can be missing: the pages work without it.

const narrow = matchMedia("(max-width: 60rem)");

function foldMenu() {
  const menu = document.getElementById("sidebar");
  if (menu) menu.open = !narrow.matches;
}

function showFaults() {
  document.getElementById("error-summary")?.focus();
}

// On a phone a row becomes a card: each cell tells its column. Styles that stack take the roles away, so they are said.
function stackTables(root = document) {
  for (const table of root.querySelectorAll(".table-wrap > table:not(.stacks):not(.keeps-columns)")) {
    const names = [...table.querySelectorAll("thead th")].map((cell) => cell.textContent.trim());
    table.classList.add("stacks");
    table.setAttribute("role", "table");
    for (const part of table.querySelectorAll("thead, tbody, tfoot")) part.setAttribute("role", "rowgroup");
    for (const row of table.querySelectorAll("tr")) {
      row.setAttribute("role", "row");
      [...row.cells].forEach((cell, at) => {
        const isHead = cell.tagName === "TH";
        cell.setAttribute("role", !isHead ? "cell" : cell.scope === "row" ? "rowheader" : "columnheader");
        if (!cell.closest("thead") && names[at]) cell.dataset.column = names[at];
      });
    }
  }
}

// A second click sends nothing: the server refuses it too, but nobody should have to see that.
function sendOnce(event) {
  if (event.defaultPrevented) return;
  const form = event.target;
  // What is sent for a file leaves the page as it is, and may be sent again.
  if (form.method !== "post" || "again" in form.dataset) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  const button = event.submitter;
  if (button?.dataset.busy) {
    button.dataset.label = button.textContent;
    button.textContent = button.dataset.busy;
    button.setAttribute("aria-disabled", "true");
  }
}

// Back in the browser's history shows the page as it was left: it can be sent again.
function rearm() {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  for (const button of document.querySelectorAll("button[data-label]")) {
    button.textContent = button.dataset.label;
    button.removeAttribute("aria-disabled");
    delete button.dataset.label;
  }
}

function warnOfUnsaved() {
  for (const form of document.querySelectorAll("form[data-keeps]")) {
    form.addEventListener("input", () => { form.dataset.changed = "yes"; });
    form.addEventListener("submit", () => { delete form.dataset.changed; });
  }
  addEventListener("beforeunload", (event) => {
    if (document.querySelector("form[data-changed]")) event.preventDefault();
  });
}

// A region that is there from the start is read out when it changes, not when the page loads with it.
function say(text) {
  const line = document.getElementById("said") ?? document.createElement("p");
  line.id = "said";
  line.className = "visually-hidden";
  line.textContent = "";
  document.getElementById("status")?.append(line);
  setTimeout(() => { line.textContent = text; }, 50);
}

function sayWhatWasDone() {
  const told = document.querySelector("#status .told");
  if (told) say(told.textContent.trim());
}

function sayHowMany(event) {
  const part = document.querySelector(event.detail?.ctx?.select ?? "#list");
  const count = part?.querySelector("[data-said]");
  if (count) say(count.dataset.said);
}

function setBusy(event, busy) {
  const target = event.detail?.ctx?.target;
  if (target instanceof Element) target.setAttribute("aria-busy", String(busy));
}

// The part of the page stays as it was; a note above it says so and offers to try again.
function showLost(event) {
  const { target, sourceElement, response } = event.detail?.ctx ?? {};
  if (response?.status === 422) return; // a page that says what is wrong, and is shown
  event.detail.ctx.push = "false"; // the address stays that of what is shown
  if (!(target instanceof Element)) return;
  setBusy(event, false);
  document.getElementById("lost")?.remove();
  const note = document.createElement("div");
  note.id = "lost";
  note.className = "note note-warning";
  note.setAttribute("role", "alert");
  const text = document.createElement("p");
  text.textContent = response ? "这次没有取到新内容，下面还是原来的。" : "没有连上服务器，下面还是原来的内容。";
  const again = document.createElement("button");
  again.type = "button";
  again.className = "btn btn-sm btn-outline-primary";
  again.textContent = "重试";
  again.addEventListener("click", () => {
    note.remove();
    if (sourceElement instanceof HTMLFormElement) sourceElement.requestSubmit();
    else if (sourceElement?.matches("a, button")) sourceElement.click();
    else location.reload();
  });
  note.append(text, again);
  target.before(note);
}

foldMenu();
narrow.addEventListener("change", foldMenu);
stackTables();
showFaults();
sayWhatWasDone();
warnOfUnsaved();
document.addEventListener("submit", sendOnce);
addEventListener("pageshow", (event) => { if (event.persisted) rearm(); });
document.addEventListener("htmx:after:request", rearm);
document.addEventListener("htmx:before:request", (event) => setBusy(event, true));
document.addEventListener("htmx:finally:request", (event) => setBusy(event, false));
document.addEventListener("htmx:error", showLost);
document.addEventListener("htmx:response:error", showLost);
document.addEventListener("htmx:after:swap", (event) => {
  if (event.detail?.ctx?.response?.status >= 400 && event.detail.ctx.swap === "none") return;
  document.getElementById("lost")?.remove();
  stackTables();
  showFaults();
  sayHowMany(event);
});
