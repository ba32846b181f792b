// Names of spectra, a row each that turns its curve on and off, and a field to search them. Values in, messages out.

const STYLE = `
  .all { display: flex; flex-direction: column; gap: 4px; font-size: 12.5px; color: var(--desk-ink); height: 100%; }
  input[type=text] { min-width: 0; font: inherit; color: inherit; background: none; padding: 5px 8px;
    border: 1px solid var(--desk-edge); border-radius: 6px; }
  input[type=text]::placeholder { color: var(--desk-quiet); }
  input[type=text]:focus { outline: 2px solid var(--desk-accent); }
  .rows { overflow: auto; min-height: 0; }
  label { display: grid; grid-template-columns: 18px 26px 1fr auto; align-items: center; gap: 4px; padding: 2px 4px;
    border-radius: 4px; cursor: pointer; }
  label:hover { background: var(--desk-ground); }
  input[type=checkbox] { margin: 0; accent-color: var(--desk-accent); }
  i { border-top: 2px dashed transparent; }
  .name { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  .told { font-variant-numeric: tabular-nums; color: var(--desk-quiet); }
`

function row(model, one) {
  const line = document.createElement("label")
  line.title = one.name
  const box = document.createElement("input")
  box.type = "checkbox"
  box.checked = one.color !== ""
  box.dataset.index = one.index
  box.onchange = () => model.send_msg({turn: one.index})
  const stroke = document.createElement("i")
  stroke.style.borderTopColor = one.color || "transparent"
  const name = document.createElement("span")
  name.className = "name"
  name.textContent = one.name
  const told = document.createElement("span")
  told.className = "told"
  told.textContent = one.told
  line.append(box, stroke, name, told)
  return line
}

export function render({model}) {
  const root = document.createElement("div")
  root.className = "all"
  const style = document.createElement("style")
  style.textContent = STYLE
  const rows = document.createElement("div")
  rows.className = "rows"
  root.append(style)
  if (model.search) {
    const field = document.createElement("input")
    field.type = "text"
    field.placeholder = field.ariaLabel = model.search
    let waiting = 0
    field.oninput = () => {
      clearTimeout(waiting)
      waiting = setTimeout(() => model.send_msg({search: field.value}), 150)
    }
    root.append(field)
  }
  root.append(rows)
  // The row that has the focus keeps it: its curve is turned on and off by the space bar.
  const draw = () => {
    const held = rows.getRootNode().activeElement
    const index = held && rows.contains(held) ? held.dataset.index : null
    rows.replaceChildren(...model.rows.map((one) => row(model, one)))
    const again = index !== null && rows.querySelector(`[data-index='${index}']`)
    if (again) { again.focus() }
  }
  model.on("rows", draw)
  draw()
  return root
}
