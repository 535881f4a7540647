// The button that prints shows only where it can do something.
const button = document.getElementById("print-now");
button.hidden = false;
button.addEventListener("click", () => print());
