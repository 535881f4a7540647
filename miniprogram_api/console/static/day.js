// In the list of bookings the arrow keys go from one to the next; Enter opens, as on any link.

const STEPS = { ArrowDown: 1, ArrowUp: -1 };

function links() {
  return [...document.querySelectorAll("#list tbody th a")];
}

document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const all = links();
  const at = all.indexOf(document.activeElement);
  if (at < 0) return;
  const last = all.length - 1;
  const to = event.key === "Home" ? 0 : event.key === "End" ? last : at + (STEPS[event.key] ?? NaN);
  if (Number.isNaN(to)) return;
  event.preventDefault();
  all[Math.min(Math.max(to, 0), last)].focus();
});
