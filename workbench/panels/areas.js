// Areas where models disagree, a row each: values in, the row that was clicked out.

const STYLE = `
  .areas { display: grid; grid-template-columns: 24px repeat(4, max-content) minmax(80px, 1fr);
    column-gap: 14px; font-size: 13px; color: var(--desk-ink); }
  .area, .heads { display: grid; grid-template-columns: subgrid; grid-column: 1 / -1; align-items: center; }
  .heads { position: sticky; top: 0; background: var(--desk-surface); color: var(--desk-quiet); font-size: 12px; font-weight: 500;
    padding: 0 6px 3px 5px; border-bottom: 1px solid var(--desk-edge); }
  .area { min-height: 28px; padding: 2px 6px 2px 2px; border: 0; border-left: 3px solid transparent; border-radius: 6px;
    background: none; font: inherit; color: inherit; text-align: left; cursor: pointer; }
  .area:hover { background: var(--desk-ground); }
  .area.current { background: var(--desk-ground); border-left-color: var(--desk-accent); }
  .area:focus-visible { outline: 2px solid var(--desk-accent); outline-offset: -2px; }
  .number { font-size: 11px; text-align: right; color: var(--desk-quiet); }
  .figure { text-align: right; font-variant-numeric: tabular-nums; }
  .told { display: flex; flex-wrap: wrap; gap: 0 14px; }
  .class { display: flex; align-items: center; gap: 6px; }
  .by { color: var(--desk-quiet); }
  .dot { flex: none; width: 10px; height: 10px; border-radius: 50%; border: 1px solid color-mix(in srgb, var(--desk-ink) 40%, transparent); }
`

function part(name, ...inside) {
  const span = document.createElement("span")
  span.className = name
  span.append(...inside)
  return span
}

function told({name, color, by}) {
  const dot = part("dot")
  dot.style.background = color
  return part("class", dot, name, part("by", by))
}

function row(model, one, place) {
  const line = document.createElement("button")
  line.className = "area" + (place === model.at ? " current" : "")
  line.dataset.place = place
  if (place === model.at) { line.ariaCurrent = "true" }
  line.append(
    part("number", String(place + 1)), part("figure", String(one.row)), part("figure", String(one.column)),
    part("figure", one.pixels), part("figure", one.apart), part("told", ...one.told.map(told))
  )
  const said = one.told.map(({name, by}) => `${name} by ${by}`).join(", ")
  line.ariaLabel = `Area ${place + 1}: ${one.pixels} pixels round row ${one.row}, column ${one.column}; ${one.why}: ${said}`
  line.title = `${one.why}: ${said}`
  line.onclick = () => model.send_msg({place})
  return line
}

export function render({model}) {
  const root = document.createElement("div")
  const areas = document.createElement("div")
  areas.className = "areas"
  const style = document.createElement("style")
  style.textContent = STYLE
  root.append(style, areas)

  const heads = () => {
    const line = document.createElement("div")
    line.className = "heads"
    line.append(
      part("number", "#"), part("figure", "row"), part("figure", "column"), part("figure", "pixels"),
      part("figure", "apart"), part("", "told there")
    )
    return line
  }
  const draw = () => {
    const focused = root.getRootNode().activeElement
    const place = focused && focused.dataset ? focused.dataset.place : undefined
    areas.replaceChildren(...(model.rows.length ? [heads()] : []), ...model.rows.map((one, at) => row(model, one, at)))
    const again = place === undefined ? null : areas.querySelector(`[data-place="${place}"]`)
    if (again) { again.focus({preventScroll: true}) } // else the keyboard would start again at the top of the page
    const current = areas.querySelector(".current")
    if (current) { current.scrollIntoView({block: "nearest"}) }
  }
  model.on("rows", draw)
  model.on("at", draw)
  draw()
  return root
}
