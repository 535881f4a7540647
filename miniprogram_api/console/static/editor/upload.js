// How far an upload has come. Without this the form is sent as any other.

const form = document.getElementById("upload-form");
const state = document.getElementById("upload-progress");

form.addEventListener("submit", (event) => {
  if (!form.elements.file.files.length) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const [bar, words] = state.children;
  const button = form.querySelector("#submit");
  const request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.responseType = "json";
  request.setRequestHeader("X-Console", "1");
  request.setRequestHeader("X-CSRFToken", form.elements.csrf_token.value);
  request.upload.addEventListener("progress", ({ loaded, total }) => {
    bar.value = loaded / total;
    words.textContent = loaded < total ? `正在上传 ${Math.round((loaded / total) * 100)}%` : "正在处理图片…";
  });
  const fail = (text) => {
    words.textContent = text;
    button.disabled = false;
    button.textContent = "重试";
  };
  request.addEventListener("error", () => fail("没有连上服务器，图片还没有上传。"));
  request.addEventListener("load", () => {
    // Why it was refused, the page says that comes when the form is sent as any other.
    if (request.status < 400) location.assign(form.dataset.done.replace("ID", request.response.id));
    else HTMLFormElement.prototype.submit.call(form);
  });
  state.hidden = false;
  words.textContent = "正在上传…";
  button.disabled = true;
  request.send(new FormData(form));
}, true);
