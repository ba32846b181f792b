// The guide's line: which step, what to do, and a button that puts the line away. Values in, one message out.

const STYLE = `
  .guide { display: grid; grid-template-columns: auto 1fr auto; align-items: center; gap: 12px; height: 40px;
    box-sizing: border-box; padding: 0 8px 0 16px; font-size: 13px; line-height: 17px; color: var(--desk-ink);
    background: color-mix(in srgb, var(--desk-accent) 10%, var(--desk-surface));
    box-shadow: inset 4px 0 var(--desk-accent), inset 0 1px var(--desk-edge); }
  .step { white-space: nowrap; font-size: 12px; font-weight: 600; font-variant-numeric: tabular-nums; }
  .says { max-height: 34px; overflow: hidden; }
  kbd { font: inherit; font-size: 12px; padding: 0 5px; border: 1px solid var(--desk-quiet); border-bottom-width: 2px;
    border-radius: 4px; background: var(--desk-surface); white-space: nowrap; }
  button { width: 28px; height: 28px; border: 0; border-radius: 6px; background: none; color: var(--desk-ink);
    font-size: 18px; line-height: 1; cursor: pointer; }
  button:hover, button:focus-visible { background: var(--desk-surface); }
`

function made(kind, of = {}) {
  return Object.assign(document.createElement(kind), of)
}

export function render({model}) {
  const step = made("span", {className: "step"})
  const says = made("span", {className: "says"})
  says.setAttribute("role", "status") // read out when it changes
  const away = made("button", {textContent: "×", title: "Put the guide away (H)", ariaLabel: "Put the guide away (H)"})
  away.onclick = () => model.send_msg({away: true})
  const line = made("div", {className: "guide"})
  line.append(step, says, away)

  const draw = () => {
    step.textContent = model.step
    // Every second part, between backticks, is a key.
    says.replaceChildren(...model.text.split("`").map((part, i) => (i % 2 ? made("kbd", {textContent: part}) : part)))
  }
  model.on("step", draw)
  model.on("text", draw)
  draw()
  const root = made("div")
  root.append(made("style", {textContent: STYLE}), line)
  return root
}
