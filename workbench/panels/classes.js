// The legend one labels with: a row a class, under the heading of its group. Values in, messages out.

const STYLE = `
  .rows { display: flex; flex-direction: column; gap: 2px; font-size: 13px; color: var(--desk-ink); }
  .row { display: grid; grid-template-columns: 16px 22px 1fr auto 20px; align-items: center; gap: 6px; height: 30px;
    padding: 0 4px 0 6px; border-radius: 6px; cursor: pointer; border-left: 3px solid transparent; }
  .row.under { margin-left: 14px; }
  .by-group .row.under input[type=color] { opacity: .3; }
  .heading { display: grid; grid-template-columns: 18px 22px 1fr auto 20px; align-items: center; gap: 6px; height: 30px;
    margin-top: 4px; padding: 0 4px; border-radius: 6px; border-left: 3px solid transparent; }
  .heading.current { background: var(--desk-ground); border-left-color: var(--desk-accent); }
  .heading input[type=text] { font-weight: 500; cursor: text; }
  .heading input[type=color]::-webkit-color-swatch { border-radius: 50%; }
  .fold { border: 0; padding: 0; width: 18px; height: 22px; background: none; color: var(--desk-quiet); cursor: pointer;
    font-size: 10px; border-radius: 4px; }
  .fold:hover, .fold:focus-visible { background: var(--desk-ground); color: var(--desk-ink); }
  .row:hover { background: var(--desk-ground); }
  .row.current { background: var(--desk-ground); border-left-color: var(--desk-accent); }
  .key { font-size: 11px; color: var(--desk-quiet); text-align: center; }
  input[type=color] { appearance: none; width: 20px; height: 20px; padding: 0; border: 0; background: none;
    cursor: pointer; }
  input[type=color]::-webkit-color-swatch-wrapper { padding: 0; }
  input[type=color]::-webkit-color-swatch { border: 1px solid rgba(0, 0, 0, .25); border-radius: 5px; }
  input[type=text] { min-width: 0; width: 100%; border: 0; background: none; font: inherit; color: inherit;
    padding: 3px 4px; border-radius: 4px; text-overflow: ellipsis; cursor: pointer; }
  .current input[type=text] { font-weight: 600; cursor: text; }
  input[type=text]:focus { outline: 2px solid var(--desk-accent); background: var(--desk-surface); }
  .count { font-variant-numeric: tabular-nums; color: var(--desk-quiet); }
  .remove { opacity: 0; border: 0; background: none; color: var(--desk-quiet); cursor: pointer;
    font-size: 15px; line-height: 1; padding: 0; }
  .row:hover .remove, .remove:focus { opacity: 1; }
  .new { display: grid; grid-template-columns: 1fr 30px; gap: 4px; margin-top: 6px; font-size: 13px; }
  .group-of { grid-template-columns: 1fr; }
  .new input[type=text] { cursor: text; padding: 6px 8px; border: 1px solid var(--desk-edge); color: var(--desk-ink); }
  .new input[type=text]::placeholder { color: var(--desk-quiet); }
  .new button { border: 0; border-radius: 6px; background: none; color: var(--desk-accent); font-size: 20px;
    line-height: 1; cursor: pointer; }
  .new button:hover, .new button:focus-visible { background: var(--desk-ground); }
`

function input(type, value, label) {
  const field = document.createElement("input")
  Object.assign(field, {type, value, ariaLabel: label, title: label})
  return field
}

function row(model, one) {
  const line = document.createElement("div")
  line.className = `row${one.code === model.current ? " current" : ""}${one.group ? " under" : ""}`
  line.dataset.code = one.code
  const send = (kind, value = "") => model.send_msg({kind, code: one.code, value})

  const key = document.createElement("span")
  key.className = "key"
  key.textContent = one.code <= 9 ? one.code : ""
  const color = input("color", one.color, `Colour of ${one.name}`)
  color.onchange = () => send("recolor", color.value)
  const name = input("text", one.name, one.name)
  name.readOnly = one.code !== model.current
  edited(name, () => one.name, (value) => send("rename", value))
  const count = document.createElement("span")
  count.className = "count"
  count.title = "labelled pixels"
  count.textContent = one.count.toLocaleString("en")
  const remove = document.createElement("button")
  remove.className = "remove"
  remove.textContent = "×"
  remove.title = remove.ariaLabel = `Remove ${one.name} and its labels (undo brings it back)`
  remove.onclick = (event) => { event.stopPropagation(); send("remove") }
  line.onclick = () => { if (one.code !== model.current) { send("choose") } }
  line.append(key, color, name, count, remove)
  return line
}

// A field whose text is sent when it is changed; Escape takes back what was typed.
function edited(field, was, send) {
  field.onkeydown = (event) => {
    if (event.key === "Enter" || event.key === "Escape") {
      if (event.key === "Escape") { field.value = was() }
      field.blur()
    }
  }
  field.onchange = () => send(field.value)
}

// A group's heading: without a name, its classes stand under none.
function heading(model, one) {
  const line = document.createElement("div")
  const chosen = model.rows.find((row) => row.code === model.current)
  line.className = !one.open && chosen && chosen.group === one.name ? "heading current" : "heading"
  const send = (kind, value = "") => model.send_msg({kind, group: one.name, value})

  const fold = document.createElement("button")
  fold.className = "fold"
  fold.textContent = one.open ? "▾" : "▸"
  fold.title = fold.ariaLabel = `${one.open ? "Fold" : "Unfold"} ${one.name}`
  fold.ariaExpanded = String(one.open)
  fold.dataset.group = one.name
  fold.onclick = () => send("fold")
  const color = input("color", one.color, `Colour of the group ${one.name}`)
  color.onchange = () => send("recolor group", color.value)
  const name = input("text", one.name, `Group ${one.name}: another name renames it, none takes its classes out`)
  edited(name, () => one.name, (value) => send("rename group", value))
  const count = document.createElement("span")
  count.className = "count"
  const told = (n, what) => `${n.toLocaleString("en")} ${what}${n === 1 ? "" : "s"}`
  count.title = `${told(one.labels, "label")}, ${told(one.count, "labelled pixel")} of ${one.classes} class${one.classes === 1 ? "" : "es"}`
  count.textContent = one.count.toLocaleString("en")
  line.append(fold, color, name, count)
  return line
}

// Which group the chosen class stands under; a name that is none yet makes one.
function grouping(model) {
  const line = document.createElement("div")
  line.className = "new group-of"
  const names = document.createElement("datalist")
  names.id = "groups"
  const name = input("text", "", model.field)
  name.setAttribute("list", names.id)
  const chosen = () => model.rows.find((one) => one.code === model.current)
  edited(name, () => (chosen() || {group: ""}).group, (value) => {
    if (chosen()) { model.send_msg({kind: "group", code: model.current, value}) }
  })
  const draw = () => {
    const one = chosen()
    line.style.display = one ? "" : "none"
    names.replaceChildren(...model.groups.map((group) => Object.assign(document.createElement("option"), {value: group.name})))
    if (!one) { return }
    if (!name.matches(":focus")) { name.value = one.group } // what is being typed stays
    name.placeholder = `group of ${one.name}`
  }
  for (const what of ["rows", "groups", "current"]) { model.on(what, draw) }
  draw()
  line.append(name, names)
  return line
}

// The name of a new class stays until the legend has it: a refused one can be mended, and the next one can be typed
// while the first is still on its way. The field keeps the focus; a digit in the empty field chooses a class.
function adding(model) {
  const line = document.createElement("div")
  line.className = "new"
  const name = input("text", "", "New class")
  name.placeholder = "new class"
  const button = document.createElement("button")
  button.textContent = "+"
  button.title = button.ariaLabel = "Add this class"
  const sent = new Set()
  const send = () => {
    sent.add(name.value.trim())
    model.send_msg({kind: "add", value: name.value})
  }
  name.onkeydown = (event) => { if (event.key === "Enter" && name.value.trim()) { send() } }
  button.onclick = send
  model.on("rows", () => {
    const typed = name.value.trim()
    if (sent.has(typed) && model.rows.some((one) => one.name === typed)) { name.value = "" }
    for (const one of model.rows) { sent.delete(one.name) }
  })
  line.append(name, button)
  return line
}

export function render({model}) {
  const root = document.createElement("div")
  const rows = document.createElement("div")
  rows.className = "rows"
  const style = document.createElement("style")
  style.textContent = STYLE
  root.append(style, rows, adding(model), grouping(model))

  const under = (name) => model.rows.filter((one) => one.group === name).map((one) => row(model, one))
  const draw = () => {
    const focused = root.getRootNode().activeElement
    const folded = focused && focused.className === "fold" ? focused.dataset.group : null
    rows.classList.toggle("by-group", model.by_group)
    const groups = model.groups.flatMap((one) => [heading(model, one), ...(one.open ? under(one.name) : [])])
    rows.replaceChildren(...under(""), ...groups)
    if (folded !== null) {
      const again = [...rows.querySelectorAll(".fold")].find((one) => one.dataset.group === folded)
      if (again) { again.focus({preventScroll: true}) }
    }
  }
  for (const what of ["rows", "groups", "by_group", "current"]) { model.on(what, draw) }
  draw()
  return root
}
