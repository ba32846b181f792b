"""The tables of a GeoPackage with one layer, ``labels``, and with our classes as its metadata.

References
----------
Open Geospatial Consortium (2021). *GeoPackage Encoding Standard 1.3.1*, OGC 12-128r18, annex C and F.8.
"""

from __future__ import annotations

from pyproj import CRS

from workbench.labels.legend import CLASSES_URI

_OWN = 100_000
"""Number in the file for a CRS that EPSG does not list."""

_METADATA = "http://www.geopackage.org/spec121/#extension_metadata"

SCHEMA = (
    "PRAGMA application_id = 1196444487",  # "GPKG"
    "PRAGMA user_version = 10300",
    """CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT NOT NULL, srs_id INTEGER PRIMARY KEY,
       organization TEXT NOT NULL, organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL,
       description TEXT)""",
    """INSERT INTO gpkg_spatial_ref_sys VALUES
       ('Undefined Cartesian SRS', -1, 'NONE', -1, 'undefined', 'pixel grid: x counts columns, y rows downwards'),
       ('Undefined geographic SRS', 0, 'NONE', 0, 'undefined', NULL)""",
    f"""INSERT INTO gpkg_spatial_ref_sys VALUES
       ('WGS 84 geodetic', 4326, 'EPSG', 4326, '{CRS(4326).to_wkt("WKT1_GDAL")}', NULL)""",
    """CREATE TABLE gpkg_contents (table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL,
       identifier TEXT UNIQUE, description TEXT DEFAULT '', last_change DATETIME NOT NULL
       DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')), min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE,
       srs_id INTEGER, CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id))""",
    """CREATE TABLE gpkg_geometry_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL,
       geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL, z TINYINT NOT NULL, m TINYINT NOT NULL,
       CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name), CONSTRAINT uk_gc_table_name UNIQUE (table_name),
       CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
       CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id))""",
    """CREATE TABLE gpkg_extensions (table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL,
       definition TEXT NOT NULL, scope TEXT NOT NULL,
       CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name))""",
    """CREATE TABLE gpkg_metadata (id INTEGER CONSTRAINT m_pk PRIMARY KEY ASC NOT NULL,
       md_scope TEXT NOT NULL DEFAULT 'dataset', md_standard_uri TEXT NOT NULL,
       mime_type TEXT NOT NULL DEFAULT 'text/xml', metadata TEXT NOT NULL DEFAULT '')""",
    """CREATE TABLE gpkg_metadata_reference (reference_scope TEXT NOT NULL, table_name TEXT, column_name TEXT,
       row_id_value INTEGER, timestamp DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
       md_file_id INTEGER NOT NULL, md_parent_id INTEGER,
       CONSTRAINT crmr_mfi_fk FOREIGN KEY (md_file_id) REFERENCES gpkg_metadata(id),
       CONSTRAINT crmr_mpi_fk FOREIGN KEY (md_parent_id) REFERENCES gpkg_metadata(id))""",
    f"""INSERT INTO gpkg_extensions VALUES
       ('gpkg_metadata', NULL, 'gpkg_metadata', '{_METADATA}', 'read-write'),
       ('gpkg_metadata_reference', NULL, 'gpkg_metadata', '{_METADATA}', 'read-write')""",
    """CREATE TABLE labels (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom GEOMETRY,
       class_name TEXT NOT NULL, source TEXT, created DATETIME)""",
    """INSERT INTO gpkg_contents (table_name, data_type, identifier, description, srs_id)
       VALUES ('labels', 'features', 'labels', 'pixels and areas with the class a person gave them', -1)""",
    "INSERT INTO gpkg_geometry_columns VALUES ('labels', 'geom', 'GEOMETRY', -1, 0, 0)",
    f"""INSERT INTO gpkg_metadata VALUES (1, 'dataset', '{CLASSES_URI}', 'application/json', '[]')""",
    """INSERT INTO gpkg_metadata_reference (reference_scope, table_name, md_file_id) VALUES ('table', 'labels', 1)""",
)


def srs_row(crs: CRS | None) -> tuple[str, int, str, int, str]:
    """Name, number, authority, its number and definition of `crs`, as ``gpkg_spatial_ref_sys`` wants them."""
    if crs is None:
        return "Undefined Cartesian SRS", -1, "NONE", -1, "undefined"
    crs = CRS.from_user_input(crs)
    definition, code = crs.to_wkt("WKT1_GDAL"), crs.to_epsg()
    if code is None:
        return crs.name, _OWN, "NONE", _OWN, definition
    return crs.name, code, "EPSG", code, definition


def read_crs(srs: int, organization: str, code: int, definition: str) -> CRS | None:
    """The CRS in a row of ``gpkg_spatial_ref_sys``; None for the pixel grid."""
    if srs in (-1, 0):
        return None
    return CRS.from_epsg(code) if organization.upper() == "EPSG" else CRS.from_wkt(definition)
