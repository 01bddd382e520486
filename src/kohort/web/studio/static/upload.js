// A file goes to the API as it is, with what has been sent so far; the page is loaded anew once it is in.
class FileUpload extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form");
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send(this.form.elements.source.value, this.form.elements.file.files[0]);
    });
  }

  send(source, file) {
    const [bar, said, button] = ["progress", "[role=status]", "button"].map((one) => this.querySelector(one));
    const request = new XMLHttpRequest();
    request.open("POST", `/api/v1/sources/${encodeURIComponent(source)}/files`);
    request.setRequestHeader("x-csrf-token", document.querySelector('meta[name="csrf"]').content);
    request.setRequestHeader("content-type", "application/octet-stream");
    request.responseType = "json";
    request.upload.addEventListener("progress", ({ loaded, total }) => {
      bar.value = loaded / total;
    });
    request.addEventListener("loadend", () => {
      bar.hidden = true;
      button.disabled = false;
      const answer = request.response;
      said.textContent = request.status === 200
        ? said.dataset.done.replace(/\{(\w+)\}/g, (_, name) => answer[name].toLocaleString(document.documentElement.lang))
        : `${said.dataset.failed} ${answer?.message ?? request.status}`;
    });
    bar.hidden = false;
    button.disabled = true;
    said.textContent = "";
    request.send(file);
  }
}

customElements.define("file-upload", FileUpload);
