// What is advised, a row a pixel: values in, the row that was clicked out.

const STYLE = `
  .items { display: grid; grid-template-columns: 20px max-content minmax(60px, 1fr) auto minmax(8px, max-content);
    column-gap: 10px; font-size: 13px; color: var(--desk-ink); }
  .item { display: grid; grid-template-columns: subgrid; grid-column: 1 / -1; align-items: center; min-height: 28px; padding: 2px 6px 2px 2px; border: 0; border-left: 3px solid transparent; border-radius: 6px;
    background: none; font: inherit; color: inherit; text-align: left; cursor: pointer; }
  .item:hover { background: var(--desk-ground); }
  .item.current { background: var(--desk-ground); border-left-color: var(--desk-accent); }
  .item:focus-visible { outline: 2px solid var(--desk-accent); outline-offset: -2px; }
  .item.answered .class, .item.answered .reason { color: var(--desk-quiet); }
  .number, .place, .reason, .answer { color: var(--desk-quiet); }
  .number { font-size: 11px; text-align: right; }
  .class { display: flex; align-items: center; gap: 6px; white-space: nowrap; }
  .current .class { font-weight: 600; }
  .dot { flex: none; width: 10px; height: 10px; border-radius: 50%; border: 1px solid color-mix(in srgb, var(--desk-ink) 40%, transparent); }
  .reason { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  .value { font-variant-numeric: tabular-nums; }
  .answer { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
`

function part(name, text, title = "") {
  const span = document.createElement("span")
  span.className = name
  span.textContent = text
  if (title) { span.title = title }
  return span
}

function dot(color) {
  const span = part("dot", "")
  span.style.background = color
  return span
}

function row(model, one, place) {
  const line = document.createElement("button")
  line.className = "item" + (place === model.at ? " current" : "") + (one.answer ? " answered" : "")
  line.dataset.place = place
  if (place === model.at) { line.ariaCurrent = "true" }
  const said = part("class", "")
  if (one.label && one.label !== one.guess) { said.append(dot(one.label_color), one.label, part("number", "→")) }
  said.append(dot(one.guess_color), one.guess)
  const why = one.reason.startsWith(one.guess + " ") ? one.reason.slice(one.guess.length + 1) : one.reason
  const value = part("value", `${Math.round(100 * one.number)} %`, model.measure)
  line.append(
    part("number", place + 1), said, part("reason", why, one.reason), value, part("answer", one.answer, one.answer)
  )
  line.title = `row ${one.row}, column ${one.column}`
  line.onmousedown = (event) => event.preventDefault() // the focus stays, so that Enter answers and does not come back here
  line.onclick = () => model.send_msg({place})
  return line
}

export function render({model}) {
  const root = document.createElement("div")
  const items = document.createElement("div")
  items.className = "items"
  const style = document.createElement("style")
  style.textContent = STYLE
  root.append(style, items)

  const show = () => {
    const current = items.querySelector(".current")
    if (current) { current.scrollIntoView({block: "nearest"}) }
  }
  const draw = () => { items.replaceChildren(...model.rows.map((one, place) => row(model, one, place))); show() }
  model.on("rows", draw)
  model.on("at", draw)
  draw()
  return root
}
