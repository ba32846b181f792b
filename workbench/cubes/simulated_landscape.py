"""The simulated scene's ground: what covers each point, at any resolution.

A map is asked for point by point, so that a pixel's mixture is simply the share of its points in each class, and a
large scene can be made strip by strip. Lengths are in pixels of 30 m.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.cubes.simulated_noise import Noise

COLORS = {
    "water": "#0072b2",
    "deciduous forest": "#1b7837",
    "coniferous forest": "#00441b",
    "meadow": "#a6dba0",
    "maize": "#66bd27",
    "ripe cereal": "#f0e442",
    "loam": "#7f4f24",
    "sandy soil": "#dfb98a",
    "clay tiles": "#d55e00",
    "metal roof": "#8fd3f4",
    "asphalt": "#3b3b3b",
    "concrete": "#b8a9c9",
}
"""Classes in the order of their codes 1…12, and their colours."""

WATER, DECIDUOUS, CONIFEROUS, MEADOW, MAIZE, CEREAL, LOAM, SAND, TILES, METAL, ASPHALT, CONCRETE = range(1, 13)

Array = NDArray[np.float32]


class Landscape:
    """River, forests, fields and settlements of one seed.

    Parameters
    ----------
    height, width : int
        Size of the scene in pixels.
    rng : numpy.random.Generator
        Draws everything that is random about the ground.
    """

    def __init__(self, height: int, width: int, rng: np.random.Generator) -> None:
        self.height, self.width = height, width
        self.woods = Noise(height, width, 38, rng, octaves=3)
        self.stands = Noise(height, width, 16, rng, octaves=2)
        self.soils = Noise(height, width, 60, rng, octaves=2)
        self.edges = Noise(height, width, 9, rng, octaves=2)
        self.gardens = Noise(height, width, 1.5, rng)
        self.chance = rng.random((3, 8192)).astype("float32")
        self.jitter = rng.uniform(-0.36, 0.36, (2, 8192)).astype("float32")
        self.angle = rng.uniform(0.2, 0.5)
        self.bends = rng.uniform(0, 2 * np.pi, 4)
        self.towns = self._found_towns(rng)

    def _found_towns(self, rng: np.random.Generator) -> NDArray[np.float64]:
        """Row, column, radius and street direction of settlements: a town per 60,000 pixels, three villages to each."""
        size = min(self.height, self.width)
        towns = []
        n_towns = max(1, round(self.height * self.width / 60_000))
        for i in range(4 * n_towns):
            radius = min(rng.uniform(24, 30), 0.17 * size) if i < n_towns else min(rng.uniform(5, 8), 0.06 * size)
            places = rng.uniform([0.12, 0.12], [0.88, 0.88], (30, 2)) * [self.height, self.width]
            # Towns stand beside the river, everything apart from each other.
            banks = np.abs(places[:, 0] - self._river(places[:, 1]))
            cost = np.abs(banks - 1.15 * radius) / radius if i < n_towns else np.maximum(0, 2 * radius - banks)
            woods = [float(self.woods(place[:1], place[1:])[0, 0]) for place in places]
            cost = cost + 2 * np.maximum(0, np.array(woods) + 0.2)
            for row, column, other, _ in towns:
                apart = np.hypot(places[:, 0] - row, places[:, 1] - column)
                cost = cost + 3 * np.maximum(0, 1.7 * (other + radius) - apart)
            towns.append([*places[np.argmin(cost)], radius, rng.uniform(0, np.pi / 2)])
        return np.array(towns)

    def _river(self, column: NDArray) -> NDArray:
        """Row of the river's middle."""
        swing = min(0.13 * self.height, 40)
        a, b, c, _ = self.bends
        bend = np.sin(column / 41 + a) + 0.45 * np.sin(column / 17 + b) + 0.15 * np.sin(column / 7.3 + c)
        return 0.58 * self.height + swing * bend

    def field(self, row: Array, column: Array) -> tuple[NDArray[np.int64], Array]:
        """Which parcel a point lies in, and how near its margin (0 on it) it lies; the same shapes as broadcast."""
        long, short = 15.0, 8.5
        along = (column * np.cos(self.angle) + row * np.sin(self.angle)) / long
        across = (row * np.cos(self.angle) - column * np.sin(self.angle)) / short
        cell_i, cell_j = np.floor(across).astype("int32"), np.floor(along).astype("int32")
        best = np.full(along.shape, np.inf, dtype="float32")
        second = best.copy()
        parcel = np.zeros(along.shape, dtype="int64")
        for di in (-1, 0, 1):
            for dj in (-1, 0, 1):
                key = ((cell_i + di) * 7919 + (cell_j + dj) * 104_729) % 8192
                x = np.abs(along - (cell_j + dj + 0.5 + self.jitter[0, key]))
                y = np.abs(across - (cell_i + di + 0.5 + self.jitter[1, key]))
                distance = x * x * x + y * y * y  # between a square and a circle: parcels with corners
                nearer = distance < best
                second = np.where(nearer, best, np.minimum(second, distance))
                best = np.where(nearer, distance, best)
                parcel = np.where(nearer, key, parcel)
        return parcel, np.cbrt(second) - np.cbrt(best)

    def classes(self, rows: Array, columns: Array) -> NDArray[np.int8]:
        """Class codes 1…12 at the points of a grid.

        Parameters
        ----------
        rows, columns : ndarray of shape (n_rows,) and (n_columns,)
            In pixels from the scene's upper left corner.

        Returns
        -------
        ndarray of shape (n_rows, n_columns)
        """
        row, column = rows[:, None].astype("float32"), columns[None, :].astype("float32")
        parcel, margin = self.field(row, column)
        edges, soils = self.edges(rows, columns), self.soils(rows, columns)
        cover = self._fields(parcel, margin, soils)

        woods = self.woods(rows, columns) + 0.25 * edges
        stands = self.stands(rows, columns)
        trees = np.where(stands + 0.6 * soils > 0.05, CONIFEROUS, DECIDUOUS)
        cover = np.where(woods > 0.62, trees, cover)
        cover = np.where((woods > 0.78) & (stands > 1.25), MEADOW, cover)  # clearings

        slope = np.gradient(self._river(columns.astype(float)), columns.astype(float))
        bank = np.abs(row - self._river(columns)[None, :]) / np.sqrt(1 + slope**2)[None, :]
        bank = bank.astype("float32") - 0.5 * edges
        cover = np.where(bank < 5.0, np.where(edges + 0.7 * stands > 0.35, DECIDUOUS, MEADOW), cover)

        cover = self._roads(cover, row, column)
        for i, (town_row, town_column, radius, direction) in enumerate(self.towns):
            reach = 1.4 * radius
            inside = slice(*np.searchsorted(rows, [town_row - reach, town_row + reach]))
            across = slice(*np.searchsorted(columns, [town_column - reach, town_column + reach]))
            part = (inside, across)
            if not cover[part].size:
                continue
            y, x = row[inside] - np.float32(town_row), column[:, across] - np.float32(town_column)
            gardens = self.gardens(rows[inside], columns[across])
            cover[part] = self._settle(cover[part], y, x, radius, direction, i, edges[part], gardens)
        river = bank < 1.9 + 0.25 * stands
        cover = np.where(river & ~self._is_road(row, column), WATER, cover)
        return cover.astype("int8")

    def _fields(self, parcel: NDArray, margin: Array, soils: Array) -> NDArray:
        """What grows in each parcel; sandy country grows less, and green lanes or tracks run between."""
        draw = self.chance[0, parcel]
        crop = np.select(
            [draw < 0.25, draw < 0.47, draw < 0.68, draw < 0.86], [CEREAL, MAIZE, MEADOW, LOAM], default=SAND
        )
        crop = np.where((crop == LOAM) & (soils > 0.55), SAND, np.where((crop == SAND) & (soils < -0.7), LOAM, crop))
        lane = np.where(self.chance[1, parcel] < 0.3, DECIDUOUS, np.where(self.chance[1, parcel] < 0.7, MEADOW, SAND))
        return np.where(margin < 0.022, lane, crop)

    def _is_road(self, row: Array, column: Array) -> NDArray[np.bool_]:
        """A motorway one pixel wide down the scene, a narrower road across it, through the first town."""
        town_row, town_column = self.towns[0][:2]
        phase = self.bends[3]
        down = town_column + 0.62 * self.towns[0][2] + 0.18 * (row - town_row) + 5 * np.sin(row / 47 + phase)
        over = town_row - 0.12 * (column - town_column) + 4 * np.sin((column - town_column) / 33)
        return (np.abs(column - down) < 0.55) | (np.abs(row - over) < 0.28)

    def _roads(self, cover: NDArray, row: Array, column: Array) -> NDArray:
        return np.where(self._is_road(row, column), ASPHALT, cover)

    def _settle(
        self,
        cover: NDArray,
        y: Array,
        x: Array,
        radius: float,
        direction: float,
        number: int,
        edges: Array,
        gardens: Array,
    ) -> NDArray:
        """Build a settlement over `cover`: an old core, houses in gardens, and halls on one side of a town."""
        distance = np.hypot(y, x) / radius + 0.13 * edges
        p = x * np.cos(direction) + y * np.sin(direction)
        q = y * np.cos(direction) - x * np.sin(direction)
        green = np.where(gardens > 0.45, DECIDUOUS, MEADOW)
        town = radius > 10

        # Houses of 12 m and 15 m in gardens, along streets of 11 m.
        block, street = _lattice(p, q, 3.1, 2.3, 0.18)
        inner = self._key(np.floor(p / 0.78), np.floor(q / 0.78), number)
        hp, hq = np.abs(_part(p / 0.78)), np.abs(_part(q / 0.78))
        house = (hp < 0.27) & (hq < 0.24 + 0.12 * self.chance[0, inner]) & (self.chance[1, inner] < 0.85)
        roof = np.where(self.chance[2, inner] < 0.72, TILES, ASPHALT)
        suburb = np.where(street, ASPHALT, np.where(house, roof, green))
        built = np.where(distance < 1, suburb, cover)

        # The core: closed rows of tiled houses round small courts, and a paved square.
        key = self._key(*block, number + 11)
        bp, bq = np.abs(_part(p / 3.1)) * 2, np.abs(_part(q / 2.3)) * 2
        court = (bp < 0.42) & (bq < 0.36)
        core = np.where(court, np.where(self.chance[0, key] < 0.5, CONCRETE, MEADOW), TILES)
        core = np.where(self.chance[1, key] < 0.08, DECIDUOUS, np.where(self.chance[1, key] < 0.16, CONCRETE, core))
        built = np.where(distance < (0.36 if town else 0.3), np.where(street, ASPHALT, core), built)
        if not town:
            return built

        # Halls of 90 m to 150 m on concrete yards and car parks.
        block, street = _lattice(p, q, 6.4, 4.9, 0.2)
        key = self._key(*block, number + 23)
        bp, bq = np.abs(_part(p / 6.4)) * 2, np.abs(_part(q / 4.9)) * 2
        hall = (bp < 0.55 + 0.3 * self.chance[0, key]) & (bq < 0.72) & (self.chance[1, key] < 0.85)
        top = np.where(self.chance[2, key] < 0.62, METAL, np.where(self.chance[2, key] < 0.85, ASPHALT, CONCRETE))
        yard = np.where(self.chance[1, key] < 0.55, CONCRETE, ASPHALT)
        works = np.where(street, ASPHALT, np.where(hall, top, yard))
        side = (p > 0.38 * radius) & (np.abs(q) < 0.62 * radius) & (distance < 1.12)
        return np.where(side, works, built)

    def _key(self, i: Array, j: Array, salt: int) -> NDArray[np.int64]:
        """A place in the tables of chance, the same for every point of cell (i, j)."""
        return (i.astype("int64") * 7919 + j.astype("int64") * 104_729 + salt * 541) % 8192


def _part(x: Array) -> Array:
    """Distance from the middle of the cell, −0.5…0.5."""
    return x - np.floor(x) - 0.5


def _lattice(
    p: Array, q: Array, long: float, short: float, half: float
) -> tuple[tuple[Array, Array], NDArray[np.bool_]]:
    """Blocks between streets: its two numbers, and whether the point is on a street, `half` wide to each side."""
    street = (np.abs(_part(p / long)) * long > long / 2 - half) | (np.abs(_part(q / short)) * short > short / 2 - half)
    return (np.floor(p / long), np.floor(q / short)), street
