// What a page shows as one file that can be sent: pictures inside, nothing that runs, nothing that asks.

import { make } from "./element.js";
import { save } from "./words.js";

const KEPT = "th, td, .smalls, .legend, .notice, .facts";

async function inside(source) {
  const bytes = await (await fetch(source)).blob();
  return new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result);
    reader.onerror = () => failed(reader.error);
    reader.readAsDataURL(bytes);
  });
}

export async function snapshot(main, title) {
  const from = [...main.querySelectorAll("canvas, img, input, textarea, button, a, select, details")];
  // What is drawn only when it comes near is drawn now.
  main.querySelectorAll("canvas").forEach((canvas) => canvas.show?.());
  const copy = main.cloneNode(true);
  const to = [...copy.querySelectorAll("canvas, img, input, textarea, button, a, select, details")];
  for (const [i, old] of from.entries()) {
    const own = to[i], name = old.tagName;
    const text = (name) => own.replaceWith(make(name, { class: own.className }, ...own.childNodes));
    if (name === "CANVAS") {
      const { width } = old.getBoundingClientRect();
      own.replaceWith(make("img", { src: width ? old.toDataURL() : "data:,", alt: old.getAttribute("aria-label") ?? "", style: { width: `${Math.round(width)}px`, "max-width": "100%" } }));
    } else if (name === "IMG") own.src = await inside(old.src).catch(() => "data:,");
    else if (name === "DETAILS") own.open = true;
    else if (name === "A") own.hasAttribute("download") ? own.remove() : text("span");
    else if (name === "BUTTON") own.closest(KEPT) ? text("span") : own.remove();
    else if (name === "TEXTAREA" || old.type === "text") old.value ? own.replaceWith(make("p", {}, old.value)) : own.remove();
    else own.remove();
  }
  copy.querySelectorAll("kbd, .values, .toolbar, .timeline").forEach((part) => part.remove());
  const style = await (await fetch("/page/studio.css")).text();
  // Canvases are drawn for one of light and dark, so the page stays with it.
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const fixed = style.replace("@media (prefers-color-scheme: dark)", dark ? "@media all" : "@media not all");
  const words = title.replace(/[&<>]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[sign]);
  const page = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>${words}</title><style>${fixed}
.smalls > span { display: block; padding: 8px 10px; border: 1px solid var(--line); border-radius: 7px; }</style></head>
<body>${new XMLSerializer().serializeToString(copy)}<p class="soft" style="padding: 0 18px 20px">Saved from the studio of Veridic on ${new Date().toISOString().slice(0, 10)}.</p></body></html>
`;
  save(`${title.replace(/[^\p{L}\p{N}._-]+/gu, "-")}.html`, page, "text/html");
}
