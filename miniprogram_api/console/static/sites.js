// Comforts of the desk of a site: a look at a picture before it is sent, how many slots are ticked.

for (const input of document.querySelectorAll("input[data-preview]")) {
  const picture = document.getElementById(input.dataset.preview);
  input.addEventListener("change", () => {
    const file = input.files[0];
    picture.hidden = !file;
    if (file) picture.src = URL.createObjectURL(file);
  });
}

// Of a long form only the questions that what was chosen asks.
function showWhatIsAsked() {
  for (const part of document.querySelectorAll("[data-when]")) {
    const chosen = document.querySelector(`[name="${part.dataset.when}"]:checked`)?.value;
    part.hidden = !part.dataset.is.split(" ").includes(chosen ?? "");
  }
}

function countTicks(form) {
  const count = form.querySelectorAll("input[name='slot']:checked").length;
  const words = form.querySelector("[data-count]");
  if (words) words.textContent = count ? ` ${count} 个场次` : "";
}

document.addEventListener("change", (event) => {
  const form = event.target.closest?.("form[data-ticks]");
  if (form) countTicks(form);
  showWhatIsAsked();
});
showWhatIsAsked();
for (const form of document.querySelectorAll("form[data-ticks]")) countTicks(form);
