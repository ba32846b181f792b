// Files of the person's own, dropped anywhere on the page or chosen. A scene goes to Python in the pieces that it asks
// for; labels go to the button that imports them. Names are text, never markup.

const STYLE = `
  .over, .sent { position: fixed; z-index: 1500; box-sizing: border-box; color: var(--desk-ink); }
  .over { pointer-events: none; display: grid; place-content: center; text-align: center; padding: 24px;
    font-size: 16px; font-weight: 500;
    border: 3px dashed var(--desk-accent); background: color-mix(in srgb, var(--desk-surface) 82%, transparent); }
  .over small { font-size: 13px; font-weight: 400; color: var(--desk-quiet); }
  .sent { display: flex; align-items: center; gap: 12px; height: 40px; padding: 0 12px; font-size: 13px;
    border: 1px solid var(--desk-edge); border-radius: 6px; background: var(--desk-surface);
    box-shadow: 0 2px 10px #0003; transform: translate(-50%, -100%); max-width: 92vw; }
  .sent [role=status] { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; max-width: 30em; }
  .sent progress { appearance: none; width: 160px; height: 6px; border: 0; border-radius: 3px; overflow: hidden;
    background: var(--desk-edge); }
  .sent progress::-webkit-progress-bar { background: var(--desk-edge); }
  .sent progress::-webkit-progress-value { background: var(--desk-accent); }
  .sent progress::-moz-progress-bar { background: var(--desk-accent); }
  .sent .part { font-variant-numeric: tabular-nums; white-space: nowrap; color: var(--desk-quiet); }
  .sent button { font: inherit; color: inherit; padding: 3px 10px; cursor: pointer; background: none;
    border: 1px solid var(--desk-edge); border-radius: 6px; }
  .sent button:hover { background: var(--desk-ground); }
  .sent button:focus-visible { outline: 2px solid var(--desk-accent); }
  [hidden] { display: none !important; }
`
const IDLE = 700 // milliseconds without a sign that anything is still dragged

// The desk that `element` belongs to: the nearest ancestor of that class, through shadow roots.
function home(element) {
  let node = element
  while (node && !(node.classList && node.classList.contains("desk-page"))) { node = node.parentNode || node.host }
  return node
}

// The field that imports labels, through shadow roots.
function field(root) {
  for (const one of root.querySelectorAll("*")) {
    if (one.matches("input[type=file]")) { return one }
    const inside = one.shadowRoot && field(one.shadowRoot)
    if (inside) { return inside }
  }
  return null
}

function made(tag, attributes = {}, ...children) {
  const one = Object.assign(document.createElement(tag), attributes)
  one.append(...children)
  return one
}

// What can be told of the kind of what is dragged: browsers say no names before it is dropped.
function words(items) {
  const kinds = [...items].filter((one) => one.kind === "file").map((one) => one.type)
  const areLabels = kinds.length > 0 && kinds.every((kind) => /geo\+json|geopackage|^application\/json$/.test(kind))
  return areLabels
    ? ["Drop labels to import them", "GeoPackage or GeoJSON, in any CRS"]
    : ["Drop a scene to open it", "one file, or an ENVI header with its data; labels (.gpkg, .geojson) are imported"]
}

const mib = (size) => Math.ceil(size / 2 ** 20).toLocaleString("en")

export function render({model, el}) {
  const title = made("div"), more = made("small")
  const over = made("div", {className: "over", hidden: true}, title, more)
  const what = made("span"), bar = made("progress", {ariaLabel: "sent"})
  const part = made("span", {className: "part", ariaHidden: "true"})
  const stop = made("button", {textContent: "Cancel", type: "button", title: "Cancel (Shift X)"})
  what.setAttribute("role", "status") // read out when it changes
  const sent = made("div", {className: "sent", hidden: true}, what, bar, part, stop)
  const root = made("div", {}, made("style", {textContent: STYLE}), over, sent)
  const chooser = made("input", {type: "file", multiple: true}) // on no page: it has no button of its own

  const inNotebook = () => document.querySelector(".jp-Notebook") !== null
  const desk = () => (inNotebook() && home(el)) || document.documentElement
  const place = () => {
    const at = desk().getBoundingClientRect()
    const [left, top] = [Math.max(at.left, 0), Math.max(at.top, 0)]
    const [right, bottom] = [Math.min(at.right, window.innerWidth), Math.min(at.bottom, window.innerHeight)]
    const [width, height] = [right - left, bottom - top]
    Object.assign(over.style, {left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px`})
    Object.assign(sent.style, {left: `${left + width / 2}px`, top: `${bottom - 40}px`})
  }

  const offered = new Map() // files by the number of their offer, until Python has all of them or wants none
  let number = 0, shown = 0
  const take = (chosen) => {
    const ends = (file) => model.labels.some((end) => file.name.toLowerCase().endsWith(end))
    if (chosen.length && chosen.every(ends)) {
      const carried = new DataTransfer(), into = field(inNotebook() ? home(el) : document)
      chosen.forEach((file) => carried.items.add(file))
      into.files = carried.files
      into.dispatchEvent(new Event("change", {bubbles: true}))
    } else if (chosen.length) {
      offered.set(number += 1, chosen)
      model.send_msg({kind: "files", number, files: chosen.map(({name, size}) => ({name, size}))})
    }
  }

  let own = false, waits = 0 // whether what is dragged is of this page, such as a picture; until it is dragged no more
  const hide = () => { over.hidden = true }
  const isButton = (one) => one.matches && one.matches("label") && one.querySelector("input[type=file]")
  const isOurs = (event) => !own && event.dataTransfer && event.dataTransfer.types.includes("Files")
    && (!inNotebook() || event.composedPath().includes(home(el)))
    && !event.composedPath().some(isButton) // which takes labels of any kind
  const drag = (event) => {
    if (!isOurs(event)) {
      hide()
      return
    }
    event.preventDefault()
    event.stopPropagation()
    event.dataTransfer.dropEffect = "copy"
    if (over.hidden) {
      [title.textContent, more.textContent] = words(event.dataTransfer.items)
      place()
      over.hidden = false
    }
    clearTimeout(waits)
    waits = setTimeout(hide, IDLE)
  }
  const drop = (event) => {
    if (!isOurs(event)) { return }
    event.preventDefault()
    event.stopPropagation()
    hide()
    const entries = [...event.dataTransfer.items].map((one) => one.webkitGetAsEntry && one.webkitGetAsEntry())
    if (entries.some((one) => one && one.isDirectory)) {
      model.send_msg({kind: "folder"})
    } else {
      take([...event.dataTransfer.files])
    }
  }
  chooser.onchange = () => {
    take([...chooser.files])
    chooser.value = "" // so that the same file can be chosen again
  }
  stop.onclick = () => model.send_msg({kind: "cancel", number: shown})

  const show = ({number, name, arrived, of, size}) => {
    shown = number
    const told = `${size ? "Sending" : "Opening"} ${name}`
    if (what.textContent !== told) { what.textContent = told } // which is read out each time
    stop.hidden = !size
    Object.assign(bar, {max: of, value: arrived})
    part.textContent = `${mib(arrived)} of ${mib(of)} MiB`
    place()
    sent.hidden = false
  }
  const send = async ({number, file, at, size}) => {
    try {
      const data = await offered.get(number)[file].slice(at, at + size).arrayBuffer()
      model.send_msg({kind: "piece", number, file, at, data})
    } catch { // it was changed or removed meanwhile
      model.send_msg({kind: "unread", number})
    }
  }
  model.on("msg:custom", (message) => {
    if (message.choose) {
      chooser.click()
    } else if (message.done) {
      offered.delete(message.number)
      if (message.number === shown) { sent.hidden = true }
    } else {
      show(message)
      if (message.size) { send(message) }
    }
  })

  const start = () => { own = true }, end = () => { own = false }
  const heard = {dragenter: drag, dragover: drag, drop, dragstart: start, dragend: end}
  for (const [name, hear] of Object.entries(heard)) { window.addEventListener(name, hear, true) }
  model.on("remove", () => {
    for (const [name, hear] of Object.entries(heard)) { window.removeEventListener(name, hear, true) }
  })
  return root
}
