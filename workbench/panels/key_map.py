"""Every key of the desk in one table, which is both what the page obeys and what it shows; each button has one."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

DIGITS = tuple("123456789")


@dataclass(frozen=True, slots=True)
class Key:
    """One line of the key map."""

    shown: tuple[str, ...]
    """As printed on the keyboard."""

    does: str
    """What pressing it does."""

    names: tuple[str, ...] = ()
    """As the page names them, in small letters; empty for keys that the browser or the map obeys by itself."""

    presses: tuple[str, ...] = ()
    """How the names begin of the buttons that do the same."""


WALK = "While a pixel or label is asked about"
"""The group whose keys are obeyed only then."""

CHOSEN = "While pixels are selected"
"""The group whose keys are obeyed only then, and Esc not while something is asked about."""

KEYS: dict[str, tuple[Key, ...]] = {
    "Look": (
        Key(("I",), "inspect: a click shows a spectrum", ("i",), ("Inspect",)),
        Key(("M",), "keep the pixel's spectrum as the chosen class; as none", ("m",), ("Keep this spectrum",)),
        Key(("Shift M",), "let go of the kept spectra", ("shift+m",), ("Let go of the kept ones",)),
        Key(
            ("Shift P",),
            "spectra plain, continuum removed, as slopes",
            ("shift+p",),
            ("Plain", "Continuum removed", "Derivative"),
        ),
        Key(("Shift A",), "animate: the bands one after the other, or stop", ("shift+a",), ("Play the bands",)),
        Key(("W",), "swipe two layers, or lay them together", ("w",)),
        Key(("Shift W",), "swipe the two best maps", ("shift+w",), ("Swipe the two best maps",)),
        Key(("Shift H",), "hierarchy: groups on the map, or classes again", ("shift+h",)),
        Key(("Q",), "quiet: the class map stays, or follows the labels again", ("q",)),
        Key(("Shift Q",), "make the class map once, now", ("shift+q",), ("Make the class map once",)),
        Key(("V",), "select what is like the pixel, then more", ("v",), ("Select pixels like",)),
        Key(("Shift B", "Shift N"), "area before, next, where models disagree", ("shift+b", "shift+n"), ("Area ",)),
        Key(("Z",), "zoom the embedding to the selection, or out", ("z",), ("Zoom to the selection",)),
        Key((";",), "coastline, or without it", (";",)),
        Key(("D",), "dark, or light again", ("d",), ("Toggle theme",)),
        Key(("O",), "type the path of a scene", ("o",)),
        Key(("/",), "open a file of yours", ("/",), ("Open a file of yours",)),
        Key(("Shift O",), "type the path of a spectral library", ("shift+o",)),
        Key(("Shift V",), "draw the library's spectrum nearest to the pixel", ("shift+v",), ("Draw the nearest",)),
        Key(("Shift L",), "draw none of the library's spectra", ("shift+l",), ("Draw none of the library",)),
        Key((",", "."), "tab before, next tab", (",", ".")),
        Key(("'",), "dock half the page high, or as usual", ("'",)),
        Key(("H",), "the guide: what to do next, or away", ("h",), ("Guide: ", "Put the guide away")),
        Key(("?",), "this page, and back", ("?",)),
    ),
    "Label": (
        Key(("1", "…", "9"), "choose the class of that number", DIGITS),
        Key(("L",), "label pixels: a click gives the class", ("l",), ("Label pixel",)),
        Key(("P",), "label polygons: clicks set corners", ("p",), ("Label polygon",)),
        Key(("F",), "freehand: a drag paints with the brush", ("f",), ("Brush",)),
        Key(("[", "]"), "brush smaller, larger", ("[", "]")),
        Key(("X",), "eraser, or brush again", ("x",)),
        Key(("Shift",), "held with the brush: a drag erases"),
        Key(("Space",), "held with the brush: a drag moves the map"),
        Key(("Esc",), "while a stroke is drawn: drop it"),
        Key(("A",), "type a new class", ("a",), ("Add this class",)),
        Key(("Shift I",), "put the chosen class into a group", ("shift+i",)),
        Key(("Shift Y",), "fold the groups, or open them", ("shift+y",), ("Fold ", "Unfold ")),
        Key(("Shift Delete",), "remove the chosen class and its labels", ("shift+delete",), ("Remove ",)),
        Key(("Ctrl Z",), "undo", ("ctrl+z",), ("Undo",)),
        Key(("Ctrl Shift Z", "Ctrl Y"), "redo", ("ctrl+shift+z", "ctrl+y"), ("Redo",)),
        Key(("U",), "import labels from a file", ("u",), ("Import labels",)),
        Key(("G",), "get suggestions: pixels worth a label", ("g",), ("Suggest pixels",)),
        Key(("C",), "check labels: those that look wrong", ("c",), ("Check labels",)),
    ),
    "Learn, compare, take away": (
        Key(("T",), "start learning (train)", ("t",), ("Start learning",)),
        Key(("R",), "start comparing (rank the models)", ("r",), ("Start comparing",)),
        Key(("Shift F",), "families side by side, live, or no more", ("shift+f",)),
        Key(("Shift X",), "stop the job, or what is sent", ("shift+x",), ("Stop",)),
        Key(("Shift G",), "go on with the run", ("shift+g",), ("Resume",)),
        Key(("Shift T",), "choose the same as the run again", ("shift+t",), ("Repeat",)),
        Key(("Shift U",), "use the run's encoder, or none", ("shift+u",), ("Use",)),
        Key(("Shift D",), "delete the run (twice)", ("shift+d",), ("Delete this run",)),
        Key(("E",), "take the class map away", ("e",), ("Class map (GeoTIFF)",)),
        Key(("Shift E",), "take the labels away", ("shift+e",), ("Labels (GeoPackage)",)),
        Key(("Shift S",), "take the spectra away", ("shift+s",), ("Spectra (CSV)",)),
        Key(("Shift R",), "take the scores away", ("shift+r",), ("Scores (CSV)",)),
        Key(("Shift Z",), "take the session away (zip)", ("shift+z",), ("Session (ZIP)",)),
        Key(("Shift C",), "copy what was done as code", ("shift+c",), ("Copy as code",)),
        Key(("Shift K",), "that code as Python, or as commands", ("shift+k",), ("Python", "Command line")),
    ),
    CHOSEN: (
        Key(("Y",), "give all of them the chosen class", ("y",), ("Give class",)),
        Key(("Shift J", "J"), "pixel before, next pixel", ("shift+j", "j"), ("Pixel before", "Pixel after")),
        Key(("Esc",), "let go of them", ("escape",), ("Let go of the selection",)),
    ),
    WALK: (
        Key(("1", "…", "9"), "give it the class of that number", DIGITS),
        Key(("Enter",), "give it the class the model guesses", ("enter",), ("As the model guesses",)),
        Key(("S",), "skip it", ("s",), ("Skip",)),
        Key(("K",), "keep the label: it is right", ("k",), ("Keep: ",)),
        Key(("Delete",), "remove the label", ("delete", "backspace"), ("Remove: ",)),
        Key(("B", "N"), "back, next", ("b", "n"), ("Back", "Next", "row ")),
        Key(("Esc",), "leave", ("escape",), ("Leave",)),
    ),
    "Map, once it was clicked": (
        Key(("↑", "↓", "←", "→"), "move"),
        Key(("+", "−"), "zoom in, out", (), ("Zoom in", "Zoom out")),
    ),
    "Everywhere": (
        Key(("Tab", "Shift Tab"), "next or last control"),
        Key(("Space", "Enter"), "press the control that has the focus"),
        Key(("Enter",), "in a field: take what was typed"),
        Key(("↑", "↓"), "on the line above the dock: dock higher, lower"),
        Key(("↑", "↓"), "in a number's field: more, less", (), ("more: ", "less: ")),
        Key(("↓", "Esc"), "in a field with a list: open it, clear it", (), ("Open", "Clear")),
        Key(("↑", "↓", "Enter"), "in the list of folders and scenes: go, open"),
        Key(("↑", "↓", "←", "→"), "in the confusion matrix: another cell"),
        Key(("Esc",), "in a class's name: take it back"),
    ),
}

COLUMNS = (
    ("Look",),
    ("Label", CHOSEN),
    ("Learn, compare, take away", "Map, once it was clicked"),
    (WALK, "Everywhere"),
)
"""How the groups stand beside each other."""

_STYLE = """
<style>
.keys { display: flex; flex-wrap: wrap; gap: 14px 24px; font-size: 12.5px; color: var(--desk-ink); padding-top: 10px; }
.keys > div { flex: 1 1 330px; max-width: 420px; }
h3 { font-size: 11px; font-weight: 600; letter-spacing: .05em; text-transform: uppercase; color: var(--desk-quiet);
  margin: 0 0 4px; }
dl { display: grid; grid-template-columns: 118px 1fr; gap: 3px 10px; margin: 0 0 10px; align-items: baseline; }
dt { white-space: nowrap; } dd { margin: 0; }
kbd { font: inherit; font-size: 11.5px; padding: 0 5px; border: 1px solid var(--desk-edge); border-bottom-width: 2px;
  border-radius: 4px; background: var(--desk-ground); }
</style>
"""


def key_map_html() -> str:
    """Every key of the desk, by group."""

    def keys(key: Key) -> str:
        return " ".join(one if one == "…" else f"<kbd>{escape(one)}</kbd>" for one in key.shown)

    def part(group: str) -> str:
        rows = "".join(f"<dt>{keys(key)}</dt><dd>{escape(key.does)}</dd>" for key in KEYS[group])
        return f"<h3>{escape(group)}</h3><dl>{rows}</dl>"

    parts = ("".join(map(part, groups)) for groups in COLUMNS)
    return f'{_STYLE}<div class="keys">{"".join(f"<div>{one}</div>" for one in parts)}</div>'
