"""A stopwatch inside the page: from the time stamp of the person's event to the frame that shows the answer.

A test's driver that asks the page again and again whether the answer is there walks through the whole page each time,
and measures itself. Here the page watches the one picture or curve that will change, and two frames after it has
changed (the first draws it, in the second it has been drawn) the time is taken.
"""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page

from tests.browser.driver import FIND, PATIENCE

ARM = f"""
({{event, pane, color, patience}}) => {{
  let began = null, over = false, done
  window.took = new Promise((resolve) => {{ done = resolve; setTimeout(() => resolve(null), patience) }})
  const drawn = () => {{
    if (began === null || over) {{ return }}
    over = true
    requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - began)))
  }}
  window.addEventListener(event, (e) => {{ began = e.timeStamp }}, {{capture: true, once: true}})
  if (color) {{
    const curves = Bokeh.documents.flatMap((page) => [...page._all_models.values()])
      .filter(({{type, glyph}}) => type === "GlyphRenderer" && glyph.type === "Line")
      .filter(({{glyph}}) => (glyph.line_color.value ?? glyph.line_color) === color)
    curves.forEach((curve) => curve.data_source.change.connect(drawn))
    return curves.length
  }}
  const images = ({FIND})(".leaflet-image-layer").filter((image) => image.parentElement.className.includes(pane))
  const seen = () => images.filter(({{src}}) => src.startsWith("data:image/webp"))
    .filter((image) => +getComputedStyle(image).opacity > 0)
  const old = seen().map((image) => image.src)
  const watch = new MutationObserver(() => {{
    const image = seen().find((image) => !old.includes(image.src))
    if (began === null || !image) {{ return }}
    watch.disconnect()
    image.decode().then(drawn, drawn)
  }})
  images.forEach((image) => watch.observe(image, {{attributes: true, attributeFilter: ["src", "style"]}}))
  return images.length
}}
"""


def milliseconds_to(
    page: Page, act: Callable[[], object], *, event: str = "click", pane: str = "", color: str = ""
) -> float:
    """Milliseconds from the first `event` that `act` causes until a picture or a curve is another one on the screen.

    Parameters
    ----------
    page : playwright Page
        Of the desk.
    act : callable
        What a person does.
    event : str
        Name of the DOM event that ends what the person does: ``click``, ``keydown``, ``mouseup``.
    pane : str
        Whose picture to watch: ``base``, ``top`` or ``marks``.
    color : str
        Of the curve to watch instead, ``#rrggbb``.
    """
    asked = {"event": event, "pane": pane, "color": color, "patience": PATIENCE}
    assert page.evaluate(ARM, asked), f"nothing to watch: {pane or color}"
    act()
    took = page.evaluate("() => window.took")
    assert took is not None, f"{pane or color} did not change"
    return took
