// A text to be read, scrolled and copied. What was copied, or that the browser would not, is told to Python.

const SHEET = `
pre { margin: 0; height: 100%; box-sizing: border-box; overflow: auto; padding: 8px 10px; font-size: 12px;
  line-height: 1.45; font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; tab-size: 4;
  color: var(--desk-ink); background: var(--desk-ground); border: 1px solid var(--desk-edge); border-radius: 6px; }
pre:focus-visible { outline: 2px solid var(--desk-accent); }
`

// Without https, and away from this machine, a browser has no clipboard but the old way.
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    const box = document.createElement("textarea")
    box.value = text
    box.style.position = "fixed"
    document.body.append(box)
    box.select()
    const done = document.execCommand("copy")
    box.remove()
    return done
  }
}

export function render({model, el}) {
  const sheet = document.createElement("style"), pre = document.createElement("pre")
  sheet.textContent = SHEET
  pre.tabIndex = 0
  pre.setAttribute("role", "region")
  const draw = () => {
    pre.textContent = model.text
    pre.setAttribute("aria-label", model.title)
  }
  model.on("text", draw)
  model.on("title", draw)
  model.on("msg:custom", async ({copied}) => model.send_msg({copied: await copy(copied)}))
  draw()
  el.append(sheet, pre)
  el.style.height = "100%"
}
