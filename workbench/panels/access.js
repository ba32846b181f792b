// Names and roles for what the libraries draw without any, so that a screen reader can tell it. Nothing is drawn.

// The desk that `element` belongs to: the nearest ancestor of that class, through shadow roots.
function home(element) {
  let node = element
  while (node && !(node.classList && node.classList.contains("desk-page"))) { node = node.parentNode || node.host }
  return node
}

const labelOf = (element) => {
  const form = element.closest(".MuiFormControl-root")
  const label = form && form.querySelector("label")
  return label ? label.textContent.trim() : "the number"
}

// By selector, the attributes of what it finds. React leaves those alone that it did not set, or that do not change.
const RULES = {
  ".MuiLinearProgress-root": () => ({"aria-label": "progress"}),
  ".MuiInputAdornment-positionStart > .MuiIconButton-root": (one) => ({"aria-label": `less: ${labelOf(one)}`}),
  ".MuiInputAdornment-positionEnd > .MuiIconButton-root": (one) => ({"aria-label": `more: ${labelOf(one)}`}),
  ".leaflet-marker-icon.cursor-marker": () => ({"aria-label": "the next corner"}),
  ".leaflet-sbs-range": () => ({"aria-label": "where the two layers meet"}),
  "[role=listbox] > .MuiListSubheader-root": () => ({role: "presentation"}),
  "[role=listbox] > [role=menuitem], [role=listbox] > [role=option]": (one) =>
    ({role: "option", "aria-selected": String(one.classList.contains("Mui-selected"))}),
  "[class*='reads-']": (one) => ({
    tabindex: "0", role: "region", "aria-label": /reads-(\S+)/.exec(one.className)[1].replaceAll("-", " "),
  }),
}
const ANY = Object.keys(RULES).join(", ")

function mend(one) {
  if (one.hasAttribute("aria-label") && !one.dataset.mended) { return } // it has a name of its own
  for (const [selector, told] of Object.entries(RULES)) {
    if (!one.matches(selector)) { continue }
    one.dataset.mended = "1"
    for (const [name, value] of Object.entries(told(one))) { one.setAttribute(name, value) }
  }
}

export function render({model, el}) {
  const watched = new WeakSet()
  const watchers = []
  const look = (root) => {
    if (root.matches && root.matches(ANY)) { mend(root) }
    root.querySelectorAll(ANY).forEach(mend)
    const inside = [root, ...root.querySelectorAll("*")]
    inside.forEach((one) => { if (one.shadowRoot) { watch(one.shadowRoot) } })
  }
  const watch = (root) => {
    if (watched.has(root)) { return }
    watched.add(root)
    const watcher = new MutationObserver((changes) => {
      for (const {addedNodes} of changes) {
        addedNodes.forEach((node) => { if (node.nodeType === Node.ELEMENT_NODE) { look(node) } })
      }
    })
    watcher.observe(root, {childList: true, subtree: true})
    watchers.push(watcher)
    look(root)
  }
  // What is chosen in an open list is told again after each click or key there.
  const tell = (event) => {
    const list = event.composedPath().find((one) => one.matches && one.matches("[role=listbox]"))
    if (list) { setTimeout(() => list.querySelectorAll("[role=option]").forEach(mend), 60) }
  }
  const begin = () => {
    const inNotebook = document.querySelector(".jp-Notebook") !== null
    const desk = inNotebook ? home(el) : document.documentElement
    if (desk) { watch(desk) }
  }
  window.addEventListener("click", tell, true)
  window.addEventListener("keyup", tell, true)
  requestAnimationFrame(begin)
  model.on("remove", () => {
    watchers.forEach((watcher) => watcher.disconnect())
    window.removeEventListener("click", tell, true)
    window.removeEventListener("keyup", tell, true)
  })
  return document.createElement("span")
}
