// Keys: what each does, and what a person has made of it. Typing never triggers one.

export const ACTS = [
  ["accept", "Accept the proposal", ["a", "Enter"]],
  ["reject", "Reject it: the next likely class is proposed", ["x"]],
  ["skip", "Skip", ["s", " "]],
  ["flag", "Flag for another look", ["f"]],
  ["undo", "Undo, as far back as you like", ["z", "Backspace"]],
  ["comment", "Write a remark", ["c"]],
  ["batch", "Confirm many alike at once", ["b"]],
  ["review", "Look again at flagged, skipped and disputed rows", ["r"]],
  ["order", "Classes by probability, or each at its own place", ["o"]],
  ["help", "All keys", ["?"]],
];

const STORE = "veridic-keys";

export class Keys {
  constructor() {
    this.own = {};
    try {
      this.own = JSON.parse(localStorage.getItem(STORE) ?? "{}");
    } catch {
      // A browser without a store keeps the keys as they are.
    }
  }

  of(act) {
    return this.own[act] ?? ACTS.find(([name]) => name === act)[2];
  }

  // The act of a key; digits are classes and cannot be taken.
  act(key) {
    const lower = key.length === 1 ? key.toLowerCase() : key;
    return ACTS.map(([name]) => name).find((name) => this.of(name).includes(lower));
  }

  // Gives `key` to `act`; the act that had it is told, and keeps its others.
  set(act, key) {
    const lower = key.length === 1 ? key.toLowerCase() : key;
    if (/^[0-9]$/.test(lower)) return "digits choose classes";
    if (["Tab", "Shift", "Control", "Alt", "Meta", "Escape"].includes(lower)) return `${lower} moves around the page`;
    const other = this.act(lower);
    if (other && other !== act) return `${lower} is taken by “${ACTS.find(([name]) => name === other)[1]}”`;
    this.own[act] = [lower];
    this.save();
    return null;
  }

  reset() {
    this.own = {};
    this.save();
  }

  save() {
    try {
      localStorage.setItem(STORE, JSON.stringify(this.own));
    } catch {
      // They hold until the page is closed.
    }
  }
}

// Whether a key is typed into something, or meant for the browser.
export function isTyping(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return true;
  const at = event.target;
  if (!(at instanceof Element)) return false;
  return at.closest("input, textarea, select, [contenteditable]") !== null;
}

// Whether a key works the control that has the focus.
export function isPressing(event) {
  const at = event.target;
  return at instanceof Element && at.closest("button, a, summary") !== null && [" ", "Enter"].includes(event.key);
}
