"""What is known of a public benchmark scene: for people, and for who downloads it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Download:
    """One file of a scene."""

    name: str
    """As its publisher calls it."""

    url: str
    """Where it is."""

    sha256: str = ""
    """Empty where nobody states it."""


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A scene that papers are compared on."""

    name: str
    """Short, for ``scene:NAME``."""

    title: str
    """For people."""

    sensor: str
    """And its platform."""

    size: tuple[int, int, int]
    """Rows, columns and bands of the usual file."""

    classes: str
    """How many, and of what kind."""

    citation: str
    """To cite with results."""

    page: str
    """The publisher's."""

    licence: str = "none stated"
    """As the publisher says."""

    files: tuple[Download, ...] = ()
    """The scene, then its truth; none where the publisher asks for a registration or the address is not known."""
