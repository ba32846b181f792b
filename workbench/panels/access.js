// Names and roles for what the libraries draw without any, and words for what only eyes could tell, so that a screen
// reader can tell it. Nothing is drawn, and nothing is announced: words stand beside their picture.

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

// By selector, what a picture is: the name of its words in the model, its role, and how it is called.
const PICTURES = {
  ".desk-map": ["map", "region", "map"],
  ".bk-Figure.spectra": ["spectra", "figure", "plot of spectra"],
  ".bk-Figure.loss": ["loss", "figure", "plot of the loss"],
  ".bk-Figure.curves": ["curves", "figure", "plot of learning curves"],
  ".bk-Figure.plane": ["plane", "figure", "plot of pixels by likeness"],
}
const ANY_PICTURE = Object.keys(PICTURES).join(", ")
const UNSEEN = "position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); margin: 0;"

// Words as text within the picture's own root, where its description may refer to them.
function tellPicture(host, words) {
  const root = host.shadowRoot
  const drawn = root && [...root.children].find((one) => one.tagName === "DIV")
  if (!drawn) { return }
  const [key, role, name] = PICTURES[Object.keys(PICTURES).find((selector) => host.matches(selector))]
  let told = root.getElementById("in-words")
  if (!told) {
    told = document.createElement("p")
    Object.assign(told, {className: "in-words", id: "in-words"})
    told.style.cssText = UNSEEN
    root.append(told)
  }
  if (told.textContent !== (words[key] || "")) { told.textContent = words[key] || "" }
  const wanted = {role, "aria-label": name, "aria-describedby": "in-words"}
  for (const [attribute, value] of Object.entries(wanted)) {
    if (drawn.getAttribute(attribute) !== value) { drawn.setAttribute(attribute, value) }
  }
}

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
  const pictures = new Set()
  const meet = (host) => { pictures.add(host); tellPicture(host, model.words) }
  const look = (root) => {
    if (root.matches && root.matches(ANY)) { mend(root) }
    root.querySelectorAll(ANY).forEach(mend)
    if (root.matches && root.matches(ANY_PICTURE)) { meet(root) }
    root.querySelectorAll(ANY_PICTURE).forEach(meet)
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
      if (root.host && root.host.matches(ANY_PICTURE)) { meet(root.host) } // what it draws may have been drawn anew
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
  model.on("words", () => {
    pictures.forEach((host) => { if (host.isConnected) { tellPicture(host, model.words) } else { pictures.delete(host) } })
  })
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
