"""``labels.gpkg``: marks and classes on disk, every change one SQLite transaction, readable by any GIS.

The classes (order, colours, also those without a mark) lie in the same file, as a row of the GeoPackage metadata
extension: one transaction covers both, and programs that list layers see one layer, ``labels``.

References
----------
Open Geospatial Consortium (2021). *GeoPackage Encoding Standard 1.3.1*, OGC 12-128r18.
"""

from __future__ import annotations

import json
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError
from shapely.errors import ShapelyError

from workbench.labels.legend import CLASSES_URI
from workbench.session import classes as legend
from workbench.session import groups
from workbench.session.classes import LabelClass
from workbench.session.commands import sentence
from workbench.session.geometry import bound, from_blob, to_blob
from workbench.session.marks import LabelState, Mark, now
from workbench.session.schema import SCHEMA, read_crs, srs_row

PATIENCE = 3.0
"""Seconds to wait for another program to let go of the file."""


class LabelStore:
    """The file, and what is known to be in it.

    Parameters
    ----------
    path : Path
        Made at the first write.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stored = LabelState()
        self._crs: CRS | None = None

    def read(self) -> tuple[LabelState, CRS | None]:
        """What the file holds, and the CRS of its marks: None for the pixel grid, or when there is no file yet."""
        if not self.path.exists() or not self.path.stat().st_size:
            return LabelState(), None
        try:
            state, self._crs = self._read()
        except (struct.error, TypeError, AttributeError, LookupError, RecursionError, ShapelyError, CRSError) as error:
            raise ValueError(f"{self.path} is damaged ({str(error)[:80]}); move it away to start anew") from error
        except sqlite3.OperationalError as error:
            raise ValueError(f"{self.path} cannot be read: {sentence(error)}") from error
        self._stored = state
        return state, self._crs

    def _read(self) -> tuple[LabelState, CRS | None]:
        with self._open() as db:
            names = {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if not names:
                return LabelState(), None
            if not {"labels", "gpkg_contents", "gpkg_metadata"} <= names:
                raise ValueError(f"{self.path} was not made by a session; move it away, then import it")
            rows = db.execute("SELECT fid, class_name, geom, source, created FROM labels ORDER BY fid").fetchall()
            text = db.execute("SELECT metadata FROM gpkg_metadata WHERE md_standard_uri = ?", (CLASSES_URI,)).fetchone()
            crs = db.execute(
                "SELECT srs_id, organization, organization_coordsys_id, definition FROM gpkg_contents "
                "JOIN gpkg_spatial_ref_sys USING (srs_id) WHERE table_name = 'labels'"
            ).fetchone()
        marks = tuple(
            Mark(fid, str(name), from_blob(geom), str(source or ""), str(created or ""))
            for fid, name, geom, source, created in rows
            if name and geom
        )
        classes = groups.checked(LabelClass(**row) for row in json.loads(text[0])) if text else ()
        # Another program may have added marks of a class of its own.
        return LabelState(marks, legend.add_missing(classes, dict.fromkeys(m.class_name for m in marks))), read_crs(
            *crs
        )

    def write(self, state: LabelState, crs: CRS | None) -> None:
        """Make the file hold `state`: what differs from before goes in as one transaction, or nothing does."""
        if state == self._stored and crs == self._crs and self.path.exists():
            return
        srs = srs_row(crs)
        moved = crs != self._crs
        with self._open() as db, _transaction(db):
            if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'gpkg_contents'").fetchone():
                for statement in SCHEMA:
                    db.execute(statement)
            old = {m.id: m for m in self._stored.marks}
            if moved:
                _declare(db, srs)
                old = {}
                db.execute("DELETE FROM labels")
            new = {m.id: m for m in state.marks}
            changed = [m for m in state.marks if old.get(m.id) != m]
            # A plain INSERT: a row that another program added meanwhile is never written over.
            db.executemany("DELETE FROM labels WHERE fid = ?", [(i,) for i in old if old[i] != new.get(i)])
            db.executemany(
                "INSERT INTO labels (fid, geom, class_name, source, created) VALUES (?, ?, ?, ?, ?)",
                [(m.id, to_blob(m.geometry, srs[1]), m.class_name, m.source, m.created) for m in changed],
            )
            if state.classes != self._stored.classes:
                db.execute(
                    "UPDATE gpkg_metadata SET metadata = ? WHERE md_standard_uri = ?",
                    (json.dumps(groups.as_json(state.classes), ensure_ascii=False), CLASSES_URI),
                )
            extent = shapely.total_bounds([m.geometry for m in state.marks]).tolist() if new else [None] * 4
            db.execute(
                "UPDATE gpkg_contents SET last_change = ?, min_x = ?, min_y = ?, max_x = ?, max_y = ? "
                "WHERE table_name = 'labels'",
                (now(), *extent),
            )
        self._stored, self._crs = state, crs

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """One connection a use: nothing stays open between clicks, and any thread may come."""
        try:
            with closing(sqlite3.connect(self.path, timeout=PATIENCE, isolation_level=None)) as db:
                # A layer indexed in a GIS has triggers that call these.
                for i, name in enumerate(("ST_MinX", "ST_MinY", "ST_MaxX", "ST_MaxY")):
                    db.create_function(name, 1, partial(bound, i=i), deterministic=True)
                db.create_function("ST_IsEmpty", 1, lambda blob: from_blob(blob).is_empty, deterministic=True)
                yield db
        except sqlite3.IntegrityError as error:
            raise RuntimeError(f"{self.path} was changed by another program; reopen the session") from error
        except sqlite3.DatabaseError as error:
            if "not a database" in str(error) or "malformed" in str(error):
                raise ValueError(f"{self.path} is damaged ({error}); move it away to start anew") from error
            raise


@contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _declare(db: sqlite3.Connection, srs: tuple) -> None:
    """Say in the file that the marks lie in `srs` from now on."""
    db.execute("INSERT OR REPLACE INTO gpkg_spatial_ref_sys VALUES (?, ?, ?, ?, ?, NULL)", srs)
    db.execute("UPDATE gpkg_contents SET srs_id = ? WHERE table_name = 'labels'", (srs[1],))
    db.execute("UPDATE gpkg_geometry_columns SET srs_id = ? WHERE table_name = 'labels'", (srs[1],))
