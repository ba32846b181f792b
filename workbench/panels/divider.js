// The line between the map and the dock: dragged, or moved by the arrow keys, it gives the dock another height. Python
// is told nothing; the browser remembers it, and the style sheet of the dock reads it as `--desk-dock`.

const KEPT = "workbench-dock-height"
const LEAST = 160 // pixels of the dock, and of the map above it
const STEP = 24
const HOLD = 5 // pixels above the dock on which one may take hold of the line

const STYLE = `
  .divider { height: 9px; margin: -4px 0; position: relative; z-index: 1100; cursor: row-resize; touch-action: none; }
  .divider::after { content: ""; position: absolute; left: calc(50% - 20px); top: 3px; width: 40px; height: 3px;
    border-radius: 2px; background: var(--desk-quiet); opacity: .55; }
  .divider:hover::before, .divider:focus-visible::before, .divider.held::before { content: ""; position: absolute;
    inset: 3px 0; background: var(--desk-accent); }
  .divider:hover::after, .divider:focus-visible::after, .divider.held::after { background: var(--desk-accent);
    opacity: 1; }
  .divider:focus { outline: none; }
`

// The desk that `element` belongs to: the nearest ancestor of that class, through shadow roots.
function home(element) {
  let node = element
  while (node && !(node.classList && node.classList.contains("desk-page"))) { node = node.parentNode || node.host }
  return node
}

// What the browser remembers; a page that may not store anything remembers nothing.
function remembered() {
  try { return parseFloat(localStorage.getItem(KEPT)) || 0 } catch { return 0 }
}

function remember(height) {
  try {
    if (height) { localStorage.setItem(KEPT, String(height)) } else { localStorage.removeItem(KEPT) }
  } catch { /* until the page is closed, then */ }
}

export function render({model, el}) {
  const style = document.createElement("style"), line = document.createElement("div")
  style.textContent = STYLE
  line.className = "divider"
  line.tabIndex = 0
  line.title = "Drag: dock higher or lower (')"
  for (const [name, value] of Object.entries({
    role: "separator", "aria-orientation": "horizontal", "aria-label": "height of the dock", "aria-valuemin": LEAST,
  })) { line.setAttribute(name, value) }

  let wanted = remembered() // 0 = the usual height
  const column = () => {
    const {parentNode} = el.getRootNode().host || el
    return (parentNode.host || parentNode).getBoundingClientRect()
  }
  const most = () => Math.max(LEAST, column().height - LEAST)
  const dock = () => column().bottom - line.getBoundingClientRect().top - HOLD

  const draw = () => {
    const desk = home(el)
    if (!desk) { return }
    if (wanted) {
      desk.style.setProperty("--desk-dock", `${Math.round(Math.min(wanted, most()))}px`)
    } else {
      desk.style.removeProperty("--desk-dock")
    }
    line.setAttribute("aria-valuemax", String(Math.round(most())))
    line.setAttribute("aria-valuenow", String(Math.round(dock())))
  }
  // Leaflet and Bokeh measure anew when the window says so.
  const settle = () => { draw(); remember(wanted); window.dispatchEvent(new Event("resize")) }
  const take = (height) => { wanted = height && Math.min(Math.max(height, LEAST), most()) }

  let from = null
  line.addEventListener("pointerdown", (event) => {
    if (event.button) { return }
    from = {y: event.clientY, height: dock()}
    line.setPointerCapture(event.pointerId)
    line.classList.add("held")
  })
  line.addEventListener("pointermove", (event) => {
    if (!from) { return }
    take(from.height + from.y - event.clientY)
    draw()
  })
  const release = () => {
    if (!from) { return }
    from = null
    line.classList.remove("held")
    settle()
  }
  line.addEventListener("pointerup", release)
  line.addEventListener("pointercancel", release)
  line.addEventListener("dblclick", () => { take(0); settle() })
  line.addEventListener("keydown", (event) => {
    const to = {ArrowUp: dock() + STEP, ArrowDown: dock() - STEP, Home: LEAST, End: most()}[event.key]
    if (!to) { return }
    event.preventDefault()
    event.stopPropagation()
    take(to)
    settle()
  })
  model.on("msg:custom", () => {
    take(wanted ? 0 : column().height / 2)
    settle()
  })
  model.on("after_layout", draw)
  window.addEventListener("resize", draw)
  model.on("remove", () => window.removeEventListener("resize", draw))
  requestAnimationFrame(() => { if (wanted) { settle() } else { draw() } })
  const both = document.createElement("div")
  both.append(style, line)
  return both
}
