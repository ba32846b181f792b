"""axe-core on a page as it stands: what it finds that keeps people out, in lines that say where."""

from __future__ import annotations

import os
from importlib.resources import files

from playwright.sync_api import Page

AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")

RUN = """
async () => {
  const found = await axe.run(document, {resultTypes: ["violations", "incomplete"]})
  const broken = found.incomplete.filter((rule) => rule.error)
  if (broken.length) { throw new Error(`axe did not come to an end: ${broken.map((rule) => rule.error.message)}`) }
  return found.violations.flatMap((rule) => rule.nodes.map((node) => ({
    id: rule.id, impact: node.impact || rule.impact, help: rule.help, html: node.html,
    why: [...node.any, ...node.all, ...node.none].map((check) => check.message).join("; "),
  })))
}
"""


def barriers(page: Page) -> list[str]:
    """Violations of impact serious or critical."""
    if not page.evaluate("() => !!window.axe"):
        page.evaluate(AXE)
    found = page.evaluate(RUN)
    serious = [one for one in found if one["impact"] in ("serious", "critical")]
    return [f"{one['id']} ({one['impact']}): {one['why']}: {one['html'][:200]}" for one in serious]


def shot(page: Page, name: str, *, whole: bool = False) -> None:
    """A picture to look at, where somebody asks for it by WORKBENCH_SHOTS=FOLDER."""
    if folder := os.environ.get("WORKBENCH_SHOTS"):
        page.screenshot(path=f"{folder}/{name.replace(' ', '-')}.png", full_page=whole)
