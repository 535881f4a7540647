// What pages do beyond links and forms. Everything here can be missing: the pages work without it.

const narrow = matchMedia("(max-width: 60rem)");

function foldMenu() {
  const menu = document.getElementById("sidebar");
  if (menu) menu.open = !narrow.matches;
}

function showFaults() {
  document.getElementById("error-summary")?.focus();
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

foldMenu();
narrow.addEventListener("change", foldMenu);
showFaults();
warnOfUnsaved();
document.addEventListener("submit", sendOnce);
addEventListener("pageshow", (event) => { if (event.persisted) rearm(); });
document.addEventListener("htmx:after:request", rearm);
document.addEventListener("htmx:after:swap", showFaults);
