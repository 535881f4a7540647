// Buttons that copy what a field holds; without a clipboard the field is selected instead.

for (const button of document.querySelectorAll("[data-copies]")) {
  const source = document.getElementById(button.dataset.copies);
  button.hidden = false;
  button.addEventListener("click", async () => {
    source.select();
    try {
      await navigator.clipboard.writeText(source.value);
    } catch {
      return;
    }
    const status = document.getElementById("status");
    const told = document.createElement("p");
    told.className = "told";
    told.textContent = "已复制。";
    status.replaceChildren(told);
  });
}
