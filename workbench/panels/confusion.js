// A confusion matrix whose cells are buttons: values in, the cell that was pressed out. Tab comes to one cell, arrows go on.

const STYLE = `
  table { border-collapse: collapse; width: 100%; font-size: 12.5px; font-variant-numeric: tabular-nums; color: var(--desk-ink); }
  th { text-align: right; font-weight: 500; color: var(--desk-quiet); padding: 3px 6px; white-space: nowrap; }
  thead th { position: sticky; top: 0; background: var(--desk-surface); z-index: 1; }
  td { text-align: right; padding: 0; border-top: 1px solid var(--desk-edge); white-space: nowrap; }
  th:first-child { text-align: left; padding-left: 0; position: sticky; left: 0; background: var(--desk-surface); }
  thead th:first-child { z-index: 2; }
  tbody th { color: var(--desk-ink); font-weight: 400; border-top: 1px solid var(--desk-edge); }
  td.right { padding: 3px 6px; }
  button { width: 100%; padding: 3px 6px; border: 0; background: none; font: inherit; color: inherit; text-align: right; cursor: pointer; }
  button:hover { box-shadow: inset 0 0 0 1px var(--desk-quiet); }
  button:focus-visible { outline: 2px solid var(--desk-accent); outline-offset: -2px; }
  button[aria-pressed=true] { box-shadow: inset 0 0 0 2px var(--desk-accent); font-weight: 650; }
  .none { color: var(--desk-quiet); }
`
const MOVES = {ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0]}

function cell(tag, text, title = "") {
  const made = document.createElement(tag)
  made.textContent = text
  if (title) { made.title = title }
  return made
}

function named(cell, scope) {
  cell.scope = scope
  return cell
}

export function render({model}) {
  const root = document.createElement("div")
  const style = document.createElement("style")
  const table = document.createElement("table")
  style.textContent = STYLE
  root.append(style, table)
  let here = [0, 0] // the cell that Tab comes to

  const button = (i, j) => {
    const pixels = model.pixels[i][j]
    const said = i === j ? "taken for what it is" : `taken for ${model.names[j]}`
    const made = cell("button", pixels)
    made.ariaLabel = `${pixels} pixels of ${model.names[i]} ${said}`
    made.title = `${model.names[i]} ${said}`
    made.ariaPressed = String(model.at[0] === i && model.at[1] === j)
    made.tabIndex = here[0] === i && here[1] === j ? 0 : -1
    if (!pixels) { made.className = "none" }
    made.dataset.cell = `${i},${j}`
    made.onclick = () => { here = [i, j]; model.send_msg({cell: [i, j]}) }
    return made
  }
  const draw = () => {
    const n = model.names.length
    const focused = root.getRootNode().activeElement
    const had = focused && focused.dataset && focused.dataset.cell
    here = here.map((place) => Math.min(place, Math.max(n - 1, 0)))
    table.replaceChildren()
    if (!n || model.pixels.length !== n) { return } // names come before their numbers, or after
    const head = table.createTHead().insertRow()
    head.append(named(cell("th", "truth ↓ · predicted →"), "col"))
    head.append(...model.names.map((name) => named(cell("th", name, name), "col")), named(cell("th", "right [%]"), "col"))
    const body = table.createTBody()
    model.names.forEach((name, i) => {
      const line = body.insertRow()
      line.append(named(cell("th", name), "row"))
      const whole = model.pixels[i].reduce((sum, pixels) => sum + pixels, 0)
      model.names.forEach((_, j) => {
        const share = Math.round(model.darkest * model.pixels[i][j] / Math.max(whole, 1))
        const shaded = line.insertCell()
        shaded.style.background = `color-mix(in srgb, var(--desk-accent) ${share}%, transparent)`
        shaded.append(button(i, j))
      })
      const right = line.insertCell()
      right.className = "right"
      right.textContent = whole ? Math.round(100 * model.pixels[i][i] / whole) : "–"
    })
    const again = had && table.querySelector(`[data-cell="${had}"]`)
    if (again) { again.focus({preventScroll: true}) }
  }
  table.onkeydown = (event) => {
    const move = MOVES[event.key]
    if (!move || event.ctrlKey || event.metaKey || event.altKey) { return }
    const [i, j] = [here[0] + move[0], here[1] + move[1]]
    const next = table.querySelector(`[data-cell="${i},${j}"]`)
    event.preventDefault()
    if (!next) { return }
    table.querySelector(`[data-cell="${here}"]`).tabIndex = -1
    here = [i, j]
    next.tabIndex = 0
    next.focus()
  }
  table.onfocusin = (event) => {
    if (event.target.dataset.cell) { here = event.target.dataset.cell.split(",").map(Number) }
  }
  model.on("pixels", draw)
  model.on("names", draw)
  model.on("at", draw)
  draw()
  return root
}
