// What lies in a folder, a row an entry: values in, the row that was chosen out. Names are text, never markup.

const STYLE = `
  .files { display: flex; flex-direction: column; font-size: 13px; color: var(--desk-ink); }
  .file { display: grid; grid-template-columns: 22px 1fr; align-items: center; min-height: 28px; padding: 2px 6px;
    border-radius: 6px; cursor: pointer; }
  .file:hover { background: var(--desk-ground); }
  .file:focus-visible { outline: 2px solid var(--desk-accent); outline-offset: -2px; }
  .file[aria-selected=true] { font-weight: 600; }
  .mark { color: var(--desk-quiet); }
  .name { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  .more { color: var(--desk-quiet); font-size: 13px; padding: 4px 6px; }
`
const MARKS = {up: "↰", folder: "▸", scene: "▦", root: "▸"}

function row(model, one, place) {
  const line = document.createElement("div")
  line.className = "file"
  line.title = one.tip
  line.tabIndex = place === 0 ? 0 : -1
  line.setAttribute("role", "option")
  line.ariaSelected = String(one.open)
  line.ariaLabel = one.name // of its own: ``access.js`` leaves it alone
  const mark = document.createElement("span"), name = document.createElement("span")
  mark.className = "mark"
  mark.ariaHidden = "true"
  mark.textContent = MARKS[one.kind]
  name.className = "name"
  name.textContent = one.name
  line.append(mark, name)
  line.onclick = () => model.send_msg({place})
  return line
}

export function render({model}) {
  const root = document.createElement("div")
  const style = document.createElement("style")
  style.textContent = STYLE
  const files = document.createElement("div"), more = document.createElement("div")
  files.className = "files"
  files.setAttribute("role", "listbox")
  files.ariaLabel = "folders and scenes"
  more.className = "more"
  root.append(style, files, more)

  let byKey = false // whoever walks by keys goes on from the first row of the next folder
  files.onkeydown = (event) => {
    const rows = [...files.children], at = rows.indexOf(event.target)
    const to = {ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1}[event.key]
    if (event.key === "Enter" || event.key === " ") {
      byKey = true
      event.target.click()
    } else if (to === undefined) {
      return
    } else if (rows[to]) {
      rows[to].focus()
    }
    event.preventDefault()
    event.stopPropagation()
  }
  const draw = () => {
    files.replaceChildren(...model.rows.map((one, place) => row(model, one, place)))
    more.textContent = model.more
    if (byKey && files.firstElementChild) { files.firstElementChild.focus() }
    byKey = false
  }
  model.on("rows", draw)
  draw()
  return root
}
