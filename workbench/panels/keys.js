// The keyboard of the whole page: names of keys out, for Python to act on. Nothing is drawn.

const TYPED = /^(INPUT|TEXTAREA|SELECT)$/
const PRESSED = ["checkbox", "radio", "range", "button"]

// The desk that `element` belongs to: the nearest ancestor of that class, through shadow roots.
function home(element) {
  let node = element
  while (node && !(node.classList && node.classList.contains("desk-page"))) { node = node.parentNode || node.host }
  return node
}

// Whether a key belongs to what has the focus. An empty field for a new class leaves digits to the legend.
function isTaken(event, path, tabbed) {
  const target = path[0]
  if (path.some((one) => one.matches && one.matches("[role=listbox], [role=menu], [role=dialog]"))) { return true }
  if (target.isContentEditable) { return true }
  if (TYPED.test(target.tagName) && !PRESSED.includes(target.type) && !target.readOnly) {
    return !(target.placeholder === "new class" && target.value === "" && /^[1-9]$/.test(event.key))
  }
  return event.key === "Enter" && tabbed && target.matches && target.matches("button, a, input, [role]")
}

export function render({model, el}) {
  let tabbed = false // whether the focus was moved by Tab last: a button that was clicked leaves Enter to the page
  const point = () => { tabbed = false }
  const press = (event) => {
    tabbed = tabbed || event.key === "Tab"
    const path = event.composedPath()
    const inNotebook = document.querySelector(".jp-Notebook") !== null
    if (inNotebook && !path.includes(home(el))) { return } // there, most keys are the notebook's
    if (event.altKey || isTaken(event, path, tabbed)) { return }
    const held = event.ctrlKey || event.metaKey
    const name = (held ? "ctrl+" : "") + (held && event.shiftKey ? "shift+" : "") + event.key.toLowerCase()
    if (!model.always.includes(name) && !(model.walking && model.walk.includes(name))) { return }
    event.preventDefault()
    event.stopPropagation() // to Leaflet a 6 means: zoom out
    if (held || !event.repeat) { model.send_msg({key: name}) }
  }
  window.addEventListener("keydown", press, true)
  window.addEventListener("pointerdown", point, true)
  model.on("remove", () => {
    window.removeEventListener("keydown", press, true)
    window.removeEventListener("pointerdown", point, true)
  })
  return document.createElement("span")
}
