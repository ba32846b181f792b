// The keyboard of the whole page: names of keys out, for Python to act on, and back what only a browser may press or
// focus: a file to choose, a download, a field. Nothing is drawn.

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

// Ctrl+Shift+Z, Shift+M and Shift+Delete have names of their own; "?" is one key, with Shift or without, and "[" is one
// with AltGr or without: on many keyboards there is no other way to it, and to a browser AltGr is Ctrl with Alt.
function nameOf(event) {
  const held = (event.ctrlKey || event.metaKey) && !event.getModifierState("AltGraph")
  const shifted = event.shiftKey && (held || event.key.length > 1 || /^[a-z]$/i.test(event.key))
  return (held ? "ctrl+" : "") + (shifted ? "shift+" : "") + event.key.toLowerCase()
}

// The control of that name, through shadow roots; a button's icon is no part of its name.
function control(root, name, selector) {
  const icon = /^[a-z_]+\n/
  const names = (one) => [one.getAttribute("aria-label"), one.placeholder, (one.innerText || "").replace(icon, "")]
  for (const one of root.querySelectorAll("*")) {
    if (one.matches(selector) && names(one).some((text) => (text || "").trim().startsWith(name))) { return one }
    const inside = one.shadowRoot && control(one.shadowRoot, name, selector)
    if (inside) { return inside }
  }
  return null
}

// Press or focus a control once it is there: its tab may have to be drawn first. Without a name, choose a file.
function reach({press, focus}, root, patience = 60) {
  const found = control(root, press || focus || "", press ? "button" : focus ? "input" : "input[type=file]")
  if (found && focus) {
    found.focus()
    found.select()
  } else if (found) {
    found.click()
  } else if (patience) {
    setTimeout(() => reach({press, focus}, root, patience - 1), 50)
  }
}

export function render({model, el}) {
  let tabbed = false // whether the focus was moved by Tab last: a button that was clicked leaves Enter to the page
  const point = () => { tabbed = false }
  const press = (event) => {
    tabbed = tabbed || event.key === "Tab"
    const path = event.composedPath()
    const inNotebook = document.querySelector(".jp-Notebook") !== null
    if (inNotebook && !path.includes(home(el))) { return } // there, most keys are the notebook's
    if ((event.altKey && !event.getModifierState("AltGraph")) || isTaken(event, path, tabbed)) { return }
    const name = nameOf(event)
    if (!model.always.includes(name) && !(model.walking && model.walk.includes(name))) { return }
    event.preventDefault()
    event.stopPropagation() // to Leaflet a 6 means: zoom out
    if (name.startsWith("ctrl+") || !event.repeat) { model.send_msg({key: name}) }
  }
  model.on("msg:custom", (message) => {
    const inNotebook = document.querySelector(".jp-Notebook") !== null
    reach(message, inNotebook ? home(el) : document)
  })
  window.addEventListener("keydown", press, true)
  window.addEventListener("pointerdown", point, true)
  model.on("remove", () => {
    window.removeEventListener("keydown", press, true)
    window.removeEventListener("pointerdown", point, true)
  })
  return document.createElement("span")
}
