// What lies in a folder, a row an entry: values in, the row that was clicked out. Names are text, never markup.

const STYLE = `
  .files { display: flex; flex-direction: column; font-size: 13px; color: var(--desk-ink); }
  button { display: grid; grid-template-columns: 22px 1fr; align-items: center; min-height: 28px; padding: 2px 6px;
    border: 0; border-radius: 6px; background: none; font: inherit; color: inherit; text-align: left; cursor: pointer; }
  button:hover { background: var(--desk-ground); }
  button:focus-visible { outline: 2px solid var(--desk-accent); outline-offset: -2px; }
  button.open { font-weight: 600; }
  .mark { color: var(--desk-quiet); }
  .name { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  .more { color: var(--desk-quiet); padding: 4px 6px; }
`
const MARKS = {up: "↰", folder: "▸", scene: "▦", root: "▸"}

function row(model, one, place) {
  const line = document.createElement("button")
  line.className = one.open ? "open" : ""
  line.dataset.kind = one.kind
  line.title = one.tip
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
  const files = document.createElement("div")
  files.className = "files"
  root.append(style, files)
  const draw = () => {
    const more = document.createElement("div")
    more.className = "more"
    more.textContent = model.more
    const focused = files.contains(document.activeElement) || (root.getRootNode().activeElement !== null)
    files.replaceChildren(...model.rows.map((one, place) => row(model, one, place)), ...(model.more ? [more] : []))
    if (focused && files.firstElementChild) { files.firstElementChild.focus() } // who walks by keys goes on from here
  }
  model.on("rows", draw)
  draw()
  return root
}
