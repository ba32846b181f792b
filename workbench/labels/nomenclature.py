"""CORINE Land Cover's 43 classes at sea and on land, and the 19 that BigEarthNet makes of them.

Sumbul et al. (2021), *BigEarthNet-MM*, arXiv:2105.07921, whose 19 classes leave eleven of the 43 out; SpectralEarth's
EnMAP-CORINE (arXiv:2408.08447) maps its codes the same way. Glaciers (335) are in neither.
"""

from __future__ import annotations

CORINE = {
    111: ("Continuous urban fabric", "Urban fabric"),
    112: ("Discontinuous urban fabric", "Urban fabric"),
    121: ("Industrial or commercial units", "Industrial or commercial units"),
    122: ("Road and rail networks and associated land", None),
    123: ("Port areas", None),
    124: ("Airports", None),
    131: ("Mineral extraction sites", None),
    132: ("Dump sites", None),
    133: ("Construction sites", None),
    141: ("Green urban areas", None),
    142: ("Sport and leisure facilities", None),
    211: ("Non-irrigated arable land", "Arable land"),
    212: ("Permanently irrigated land", "Arable land"),
    213: ("Rice fields", "Arable land"),
    221: ("Vineyards", "Permanent crops"),
    222: ("Fruit trees and berry plantations", "Permanent crops"),
    223: ("Olive groves", "Permanent crops"),
    231: ("Pastures", "Pastures"),
    241: ("Annual crops associated with permanent crops", "Permanent crops"),
    242: ("Complex cultivation patterns", "Complex cultivation patterns"),
    243: (
        "Land principally occupied by agriculture, with significant areas of natural vegetation",
        "Land principally occupied by agriculture, with significant areas of natural vegetation",
    ),
    244: ("Agro-forestry areas", "Agro-forestry areas"),
    311: ("Broad-leaved forest", "Broad-leaved forest"),
    312: ("Coniferous forest", "Coniferous forest"),
    313: ("Mixed forest", "Mixed forest"),
    321: ("Natural grassland", "Natural grassland and sparsely vegetated areas"),
    322: ("Moors and heathland", "Moors, heathland and sclerophyllous vegetation"),
    323: ("Sclerophyllous vegetation", "Moors, heathland and sclerophyllous vegetation"),
    324: ("Transitional woodland/shrub", "Transitional woodland, shrub"),
    331: ("Beaches, dunes, sands", "Beaches, dunes, sands"),
    332: ("Bare rock", None),
    333: ("Sparsely vegetated areas", "Natural grassland and sparsely vegetated areas"),
    334: ("Burnt areas", None),
    411: ("Inland marshes", "Inland wetlands"),
    412: ("Peatbogs", "Inland wetlands"),
    421: ("Salt marshes", "Coastal wetlands"),
    422: ("Salines", "Coastal wetlands"),
    423: ("Intertidal flats", None),
    511: ("Water courses", "Inland waters"),
    512: ("Water bodies", "Inland waters"),
    521: ("Coastal lagoons", "Marine waters"),
    522: ("Estuaries", "Marine waters"),
    523: ("Sea and ocean", "Marine waters"),
}
"""By code: its name, and that of the class among the 19 that it belongs to, if any."""

NOMENCLATURES = (19, 43)
"""Numbers of classes there are."""


def classes_of(n: int) -> tuple[str, ...]:
    """Names of the 19 or 43 classes, in the order of the codes.

    Examples
    --------
    >>> len(classes_of(19)), len(classes_of(43)), classes_of(19)[0]
    (19, 43, 'Urban fabric')
    """
    if n not in NOMENCLATURES:
        raise ValueError(f"CORINE has 43 classes here and BigEarthNet 19, got {n}; use one of these")
    return tuple(dict.fromkeys(name for pair in CORINE.values() if (name := pair[n == 19])))


def named_by_code(n: int) -> dict[int, str]:
    """The class among `n` of each code that has one."""
    return {code: name for code, pair in CORINE.items() if (name := pair[n == 19])}


def named_by_name(n: int) -> dict[str, str]:
    """The class among `n` of each of the 43 that has one; the names of the 19 stand for themselves."""
    names = {old: new for old, new in CORINE.values() if new} if n == 19 else {}
    return names | {name: name for name in classes_of(n)}
