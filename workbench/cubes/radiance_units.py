"""Units of spectral radiance as files write them, and what to multiply by for µW cm⁻² nm⁻¹ sr⁻¹."""

from __future__ import annotations

import re

_TOKEN = re.compile(r"([/()])|([µμ]?[a-zA-Z]+)\s*(?:\^|\*\*)?\s*([-−+]?\d+)?")
_PREFIXES = {"": 0, "u": -6, "m": -3, "n": -9, "c": -2, "k": 3}
_LONG = {
    "watt": "W",
    "watts": "W",
    "microwatt": "uW",
    "microwatts": "uW",
    "meter": "m",
    "meters": "m",
    "metre": "m",
    "nanometer": "nm",
    "nanometers": "nm",
    "micron": "um",
    "micrometer": "um",
    "micrometers": "um",
    "steradian": "sr",
    "steradians": "sr",
    "microns": "um",
}


def to_ours(units: str) -> float | None:
    """A factor, or None for units that are not of spectral radiance.

    Examples
    --------
    >>> [to_ours(u) for u in ("uW/cm^2/SR/nm", "W m-2 sr-1 um-1", "mW/(m^2 sr nm)", "W m⁻² sr⁻¹", "1")]
    [1.0, 0.1, 0.1, None, None]
    """
    power, parts = 0, {"W": [], "m": [], "sr": []}
    inverted, inside, pending = False, False, False
    for sign, unit, exponent in _TOKEN.findall(units.translate(str.maketrans("⁻⁰¹²³", "-0123"))):
        if sign == "/":
            pending = True
        elif sign == "(":
            inside, inverted = True, pending
        elif sign == ")":
            inside, inverted, pending = False, False, False
        else:
            times = int((exponent or "1").replace("−", "-"))
            times = -times if pending or (inside and inverted) else times
            pending = pending and inside
            prefix, base = _split(unit)
            if base is None:
                return None
            parts[base].append(times)
            power += _PREFIXES[prefix] * times
    if parts["W"] != [1] or parts["sr"] != [-1] or sorted(parts["m"]) != [-2, -1]:
        return None
    # Ours is 10⁻⁶ W · 10⁴ m⁻² · 10⁹ m⁻¹ sr⁻¹ = 10⁷ W m⁻³ sr⁻¹.
    return float(f"1e{power - 7}")


def _split(unit: str) -> tuple[str, str | None]:
    """A prefix and one of W, m and sr."""
    unit = _LONG.get(unit.lower(), unit).replace("µ", "u").replace("μ", "u")
    for base in ("sr", "W", "m"):
        if unit.lower().endswith(base.lower()) and unit[: -len(base)] in _PREFIXES:
            return unit[: -len(base)], base
    return "", None
