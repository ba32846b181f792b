// The brush on the map: a stroke is collected and drawn here, pixel by pixel of the scene, and told when it ends.
//
// A clear picture lies over the whole scene in the map's pane "brush". Its box on the screen says where the scene is,
// also while the map is being zoomed: places go to Python as parts of that box, and `placed` (the six numbers of a
// canvas's transform) leads from parts of the box to columns and rows of the scene.

const CONTROLS = ".leaflet-control, .leaflet-sbs-range, button, a, input"
const TYPED = "input:not([type=radio]):not([type=checkbox]):not([type=range]), textarea, select"
const OVER = "position:absolute;left:0;top:0;width:100%;height:100%;pointer-events:none;z-index:500"

// The desk that `element` belongs to: the nearest ancestor of that class, through shadow roots.
function home(element) {
  let node = element
  while (node && !(node.classList && node.classList.contains("desk-page"))) { node = node.parentNode || node.host }
  return node
}

// The first element inside `root` that matches, through shadow roots.
function find(root, selector) {
  for (const one of [root, ...root.querySelectorAll("*")]) {
    const found = one.shadowRoot && (one.shadowRoot.querySelector(selector) || find(one.shadowRoot, selector))
    if (found) { return found }
  }
  return null
}

// Add the pixels within the radius of a straight line between the middles of two pixels; as in session/painting.py.
function paint({shape, seen, radius}, [height, width], [c0, r0], [c1, r1]) {
  const right = c1 - c0, down = r1 - r0, base = Math.max(right ** 2 + down ** 2, 1e-12)
  const isNew = (column, row) => {
    const x = column - c0, y = row - r0, along = Math.min(Math.max((x * right + y * down) / base, 0), 1)
    const isNear = (x - along * right) ** 2 + (y - along * down) ** 2 <= radius ** 2 + 1e-9
    return isNear && seen.size !== seen.add(row * width + column).size
  }
  const last = Math.min(Math.floor(Math.max(c0, c1) + radius), width - 1)
  const bottom = Math.min(Math.floor(Math.max(r0, r1) + radius), height - 1)
  for (let row = Math.max(Math.ceil(Math.min(r0, r1) - radius), 0); row <= bottom; row += 1) {
    let begin = Math.max(Math.ceil(Math.min(c0, c1) - radius), 0)
    for (let column = begin; column <= last + 1; column += 1) { // runs of pixels: far fewer than pixels
      if (column <= last && isNew(column, row)) { continue }
      if (column > begin) { shape.rect(begin, row, column - begin, 1) }
      begin = column + 1
    }
  }
}

export function render({model, el}) {
  let map = null, box = null, canvas = null
  let pointer = null // where the pointer is over the map [pixels of the window]
  let stroke = null // what is being painted
  const told = new Map() // strokes that Python has not answered yet
  let number = 0, shift = false, space = false, taken = false, asked = false

  const isReady = () => {
    if (!map || !map.isConnected || !box || !box.isConnected) {
      const desk = home(el)
      map = desk && find(desk, ".leaflet-container")
      box = map && map.querySelector(".leaflet-brush-pane img")
    }
    return Boolean(box) && model.placed.length === 6
  }
  const part = ([x, y]) => {
    const at = box.getBoundingClientRect()
    return [(x - at.left) / at.width, (y - at.top) / at.height]
  }
  const pixel = ([u, v]) => {
    const [a, b, c, d, e, f] = model.placed
    return [Math.floor(a * u + c * v + e), Math.floor(b * u + d * v + f)]
  }
  const fresh = ({radius, color, erase} = model) =>
    ({path: [], shape: new Path2D(), seen: new Set(), last: null, radius, color, erase: erase || shift})
  const go = (one, place) => {
    const next = pixel(place)
    one.path.push(place)
    paint(one, model.shape, one.last || next, next)
    one.last = next
  }

  const draw = () => {
    asked = false
    if (!isReady()) { return }
    if (!canvas || canvas.parentNode !== map) {
      canvas = Object.assign(document.createElement("canvas"), {className: "desk-brush", ariaHidden: "true"})
      canvas.style.cssText = OVER
      map.append(canvas)
    }
    const scale = window.devicePixelRatio || 1, pen = canvas.getContext("2d")
    Object.assign(canvas, {width: map.clientWidth * scale, height: map.clientHeight * scale}) // which clears it
    const at = box.getBoundingClientRect(), frame = map.getBoundingClientRect()
    const ground = new DOMMatrix().scale(scale, scale)
      .translate(at.left - frame.left - map.clientLeft, at.top - frame.top - map.clientTop)
      .scale(at.width, at.height).multiply(new DOMMatrix(model.placed).inverse())
    const fill = ({shape, erase, color}, opacity) => {
      pen.setTransform(ground)
      Object.assign(pen, {globalAlpha: opacity, fillStyle: erase ? "#ffffff" : color})
      pen.fill(shape)
    }
    told.forEach((one) => fill(one, 0.75))
    if (stroke) { fill(stroke, stroke.erase ? 0.6 : 0.75) }
    if (pointer && model.active && !space) {
      const here = stroke || fresh()
      if (!stroke) {
        go(here, part(pointer))
        fill(here, 0.4)
      }
      const circle = new Path2D(), ring = new Path2D()
      circle.ellipse(here.last[0] + 0.5, here.last[1] + 0.5, here.radius, here.radius, 0, 0, 2 * Math.PI)
      ring.addPath(circle, ground)
      pen.resetTransform()
      pen.setLineDash(here.erase ? [5 * scale, 4 * scale] : [])
      for (const [width, color] of [[3, "#000000"], [1.25, "#ffffff"]]) {
        Object.assign(pen, {globalAlpha: 0.8, lineWidth: width * scale, strokeStyle: color})
        pen.stroke(ring)
      }
    }
    if (told.size) { look() } // the map may move meanwhile
  }
  const look = () => {
    if (!asked) { requestAnimationFrame(draw) }
    asked = true
  }
  const point = () => {
    if (isReady()) { map.style.cursor = model.active ? (space ? "grab" : "crosshair") : "" }
    look()
  }

  const isOver = (event) => isReady() && event.composedPath().includes(map)
  const down = (event) => {
    taken = false
    if (!model.active || event.button !== 0 || !event.isPrimary || space || !isOver(event)) { return }
    if (event.composedPath().some((one) => one.matches && one.matches(CONTROLS))) { return }
    event.preventDefault()
    event.stopPropagation() // else the map is moved, or a box to zoom to is drawn
    map.focus({preventScroll: true})
    shift = event.shiftKey
    taken = true // the click that follows is none
    stroke = fresh()
    move(event)
  }
  const move = (event) => {
    if (!event.isPrimary || !(stroke || model.active)) { return }
    pointer = stroke || isOver(event) ? [event.clientX, event.clientY] : null
    shift = event.shiftKey
    if (stroke) {
      event.stopPropagation()
      const all = event.getCoalescedEvents ? event.getCoalescedEvents() : [] // not over plain http
      for (const one of all.length ? all : [event]) { go(stroke, part([one.clientX, one.clientY])) }
    }
    look()
  }
  const up = (event) => {
    if (taken) { setTimeout(() => { taken = false }, 0) }
    if (!stroke || !event.isPrimary) { return }
    event.stopPropagation()
    const {path, radius, erase} = stroke
    told.set(number += 1, stroke)
    model.send_msg({stroke: number, path, radius, erase})
    drop()
  }
  const drop = () => { stroke = null; look() }
  const hush = (event) => { if (stroke || (taken && event.type === "click")) { event.stopPropagation() } }
  const key = (event) => {
    const isDown = event.type === "keydown", target = event.composedPath()[0]
    if (event.key === "Shift") {
      shift = isDown
      look()
    } else if (event.key === "Escape" && isDown && stroke) {
      event.stopImmediatePropagation()
      drop()
    } else if (event.key === " " && (isDown ? model.active && pointer && !stroke : space)) {
      if (isDown && target.matches && target.matches(TYPED) && !target.readOnly) { return }
      event.preventDefault()
      event.stopPropagation()
      space = isDown
      point()
    }
  }
  const leave = () => { pointer = null; shift = space = false; point() }

  const heard = {pointerdown: down, pointermove: move, pointerup: up, pointercancel: drop, keydown: key, keyup: key}
  for (const name of ["mousedown", "mousemove", "mouseup", "touchstart", "touchmove", "click"]) { heard[name] = hush }
  heard.wheel = () => { pointer = stroke ? pointer : null; look() } // until it moves again: the map does
  const each = (act) => Object.entries(heard).forEach(([name, hear]) => act(name, hear, {capture: true, passive: false}))
  each(window.addEventListener.bind(window))
  window.addEventListener("blur", leave)
  model.on("active", point)
  for (const name of ["radius", "erase", "color", "placed"]) { model.on(name, look) }
  model.on("msg:custom", ({done}) => {
    setTimeout(() => { told.delete(done); look() }, 150) // by then the labels' picture is drawn
  })
  point()
  model.on("remove", () => {
    each(window.removeEventListener.bind(window))
    window.removeEventListener("blur", leave)
    if (canvas) { canvas.remove() }
  })
  return document.createElement("span")
}
