"""Archives are judged before they are read, no way out, no links, no bombs; rasters in them read as in a folder."""

from __future__ import annotations

import gzip
import io
import shutil
import struct
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
import rasterio

from tests.test_cubes_geotiff import GRID, write
from workbench.cubes import CubeError
from workbench.cubes.archive_members import MOST_MEMBERS
from workbench.cubes.archives import files_of, glanced_names
from workbench.cubes.raster import Raster
from workbench.cubes.unpacking import _scratch, files_inside, inner_archives, rasters, unpacked

VALUES = np.random.default_rng(5).integers(0, 9000, (4, 20, 30)).astype("int16")


def pack(path: Path, members: dict[str, bytes]) -> Path:
    """An archive by its ending."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        return path
    with tarfile.open(path, "w:gz" if path.suffix in (".gz", ".tgz") else "w") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def tar_of(path: Path, *infos: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w") as archive:
        for info in infos:
            archive.addfile(info)
    return path


def info_of(name: str, **fields: object) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    for field, value in fields.items():
        setattr(info, field, value)
    return info


@pytest.fixture
def image(tmp_path) -> bytes:
    return write(tmp_path / "image.tif", VALUES, crs="EPSG:32633", transform=GRID).read_bytes()


LONG = "a_product_of_a_name_longer_than_a_tar_header_holds_" * 3


@pytest.mark.parametrize("ending", ["zip", "tar", "tar.gz", "tgz"])
@pytest.mark.parametrize("folder", ["", "./", f"{LONG}/"])
def test_a_raster_in_an_archive_is_read_as_rasterio_reads_the_file(tmp_path, image, ending, folder):
    path = pack(tmp_path / f"a {{b}}.{ending}", {f"{folder}notes.txt": b"hello", f"{folder}b.tif": image})
    files = files_of(path)
    name = next(name for name in files.members if name.endswith("b.tif"))
    raster = Raster(rasters(files, [name])[0])
    with rasterio.open(tmp_path / "image.tif") as oracle:
        np.testing.assert_array_equal(raster[:, 3:9, 5:6], oracle.read()[:, 3:9, 5:6])
        assert raster.dataset.transform == oracle.transform
    assert files.content(name.replace("b.tif", "notes.txt")) == b"hello"


def test_zip_and_tar_are_read_in_place(tmp_path, image):
    for ending in ("zip", "tar"):
        where = rasters(files_of(pack(tmp_path / f"a.{ending}", {"b.tif": image})), ["b.tif"])[0]
        assert str(where).startswith("/vsi")


def test_only_what_is_asked_of_a_tar_gz_is_unpacked_once_and_goes_with_the_process(tmp_path, image):
    path = pack(tmp_path / "a.tar.gz", {"other.tif": image, "b.tif": image})
    where = rasters(files_of(path), ["b.tif"])[0]
    before = where.stat().st_mtime_ns
    assert where.is_relative_to(_scratch())
    assert [file.name for file in where.parent.iterdir()] == ["b.tif"]
    assert not list(_scratch().rglob("other.tif"))
    assert rasters(files_of(path), ["b.tif"])[0].stat().st_mtime_ns == before


def test_the_unpacked_are_gone_when_the_process_ends(tmp_path, image):
    path = pack(tmp_path / "a.tar.gz", {"b.tif": image})
    code = (
        "from pathlib import Path; from workbench.cubes.archives import files_of; "
        f"from workbench.cubes.unpacking import rasters; print(rasters(files_of(Path({str(path)!r})), ['b.tif'])[0])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    where = Path(run.stdout.strip())
    assert where.name == "b.tif"
    assert not where.parent.parent.exists()


def test_a_full_disk_is_told_before_anything_is_written(tmp_path, image, monkeypatch):
    path = pack(tmp_path / "a.tar.gz", {"full.tif": image})
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 10, 0))
    with pytest.raises(CubeError, match=r"unpacking a.tar.gz needs 0.0 GB, but .* 0.0 GB free; unpack it elsewhere"):
        rasters(files_of(path), ["full.tif"])


def test_an_archive_in_an_archive_is_looked_into(tmp_path, image):
    inner = pack(tmp_path / "inner.zip", {"p/b.tif": image})
    outer = files_of(pack(tmp_path / "outer.tar.gz", {"order/inner.zip": inner.read_bytes(), "readme.txt": b""}))
    assert inner_archives(outer) == ["order/inner.zip"]
    files = files_inside(outer, "order/inner.zip")
    assert list(files.members) == ["p/b.tif"]
    np.testing.assert_array_equal(Raster(rasters(files, ["p/b.tif"])[0])[:, :, :], VALUES)


@pytest.mark.parametrize("name", ["../b.tif", "a/../../b.tif", "/etc/b.tif", "C:/b.tif", "a\\b.tif", "b\n.tif"])
@pytest.mark.parametrize("ending", ["zip", "tar", "tar.gz"])
def test_a_name_that_leads_out_is_refused(tmp_path, name, ending):
    path = pack(tmp_path / f"a.{ending}", {"b.tif": b"II*\0", name: b"II*\0"})
    with pytest.raises(CubeError, match=r"names in an archive stay inside it, got .* in a\.") as refusal:
        files_of(path)
    assert "\n" not in str(refusal.value)
    assert not (tmp_path.parent / "b.tif").exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_a_link_or_a_device_in_a_tar_is_refused(tmp_path, kind):
    path = tar_of(tmp_path / "a.tar", info_of("b.tif", type=kind, linkname="/etc/passwd"))
    with pytest.raises(CubeError, match=r"an archive holds files, but 'b.tif' in a.tar is a link or a device"):
        files_of(path)


def test_a_link_in_a_zip_is_refused(tmp_path):
    info = zipfile.ZipInfo("b.tif")
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(CubeError, match=r"'b.tif' in a.zip is a link"):
        files_of(tmp_path / "a.zip")


def test_two_members_of_one_name_are_refused(tmp_path):
    path = tar_of(tmp_path / "a.tar", info_of("b.tif"), info_of("b.tif"))
    with pytest.raises(CubeError, match=r"names of their own, but a.tar has 'b.tif' twice"):
        files_of(path)


def test_a_bomb_is_told_by_what_it_claims(tmp_path):
    info = info_of("b.tif", size=2**40)
    (tmp_path / "a.tar").write_bytes(info.tobuf())
    (tmp_path / "a.tar.gz").write_bytes(gzip.compress(info.tobuf() + bytes(2**20)))
    for name in ("a.tar", "a.tar.gz"):
        with pytest.raises(CubeError, match=rf"at most 50 times its size, but {name} claims more"):
            files_of(tmp_path / name)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("b.tif", b"II*\0")
        archive.filelist[0].file_size = 2**40
    with pytest.raises(CubeError, match=r"at most 50 times its size, but a.zip claims more"):
        files_of(tmp_path / "a.zip")


def test_a_member_gives_no_more_than_it_claims(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("b.xml", bytes(2**20))
        archive.filelist[0].file_size = 100
    with pytest.raises(CubeError, match=r"a.zip is cut off, damaged"):
        files_of(tmp_path / "a.zip").content("b.xml")


def test_a_forged_header_gets_no_memory(tmp_path):
    """A pax header may claim any length, and is read whole: here 64 GB, from 1 MB of zeros."""
    header = info_of("././@PaxHeader", type=tarfile.XHDTYPE, size=2**36).tobuf(tarfile.GNU_FORMAT)
    (tmp_path / "a.tar.gz").write_bytes(gzip.compress(header + bytes(2**20)))
    with pytest.raises(CubeError, match=r"a.tar.gz is cut off, damaged or no archive of files"):
        files_of(tmp_path / "a.tar.gz")


def test_more_members_than_a_product_has_are_refused(tmp_path):
    names = {f"{i}": b"" for i in range(MOST_MEMBERS + 1)}
    for ending in ("zip", "tar"):
        with pytest.raises(CubeError, match=rf"at most {MOST_MEMBERS} files, but a.{ending} has more"):
            files_of(pack(tmp_path / f"a.{ending}", names))


def test_a_list_of_members_of_absurd_length_is_not_read(tmp_path):
    path = pack(tmp_path / "a.zip", {"b.tif": b"II*\0"})
    content = bytearray(path.read_bytes())
    struct.pack_into("<L", content, content.rfind(b"PK\x05\x06") + 12, 2**31)
    path.write_bytes(content)
    with pytest.raises(CubeError, match=rf"at most {MOST_MEMBERS} files, but a.zip has more"):
        files_of(path)


@pytest.mark.parametrize("ending", ["zip", "tar", "tar.gz"])
@pytest.mark.parametrize("part", [0.2, 0.5])  # the last half of a small tar is padding
def test_a_cut_archive_is_refused_in_a_sentence(tmp_path, image, ending, part):
    path = pack(tmp_path / f"a.{ending}", {"b.tif": image, "c.tif": image})
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * part)])
    with pytest.raises(CubeError, match=rf"a.{ending} .*copy") as refusal:
        rasters(files_of(path), ["c.tif", "b.tif"])
    assert "\n" not in str(refusal.value)
    assert isinstance(glanced_names(path), tuple)


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04", b"\x1f\x8b\x08", bytes(2000)])
def test_what_is_no_archive_is_refused_and_never_fails_a_glance(tmp_path, content):
    (tmp_path / "a.zip").write_bytes(content)
    assert glanced_names(tmp_path / "a.zip") == ()
    if content != bytes(2000):  # an empty tar
        with pytest.raises(CubeError, match=r"a.zip is cut off, damaged or no archive of files; copy it again"):
            files_of(tmp_path / "a.zip")


def test_a_password_is_told(tmp_path, image):
    path = pack(tmp_path / "a.zip", {"b.tif": image})
    content = bytearray(path.read_bytes())
    for start in (b"PK\x03\x04", b"PK\x01\x02"):
        at = content.find(start) + (6 if start == b"PK\x03\x04" else 8)
        content[at] |= 1
    path.write_bytes(content)
    with pytest.raises(CubeError, match=r"a.zip is packed in a way that cannot be read; unpack it"):
        rasters(files_of(path), ["b.tif"])


def test_an_empty_raster_and_a_text_in_its_place_are_refused(tmp_path):
    vrt = b"<VRTDataset rasterXSize='1' rasterYSize='1'></VRTDataset>"
    for ending in ("zip", "tar", "tar.gz"):
        files = files_of(pack(tmp_path / f"a.{ending}", {"empty.tif": b"", "text.tif": vrt}))
        with pytest.raises(CubeError, match=rf"empty.tif of a.{ending} is empty; .* copied without its pixels"):
            rasters(files, ["empty.tif"])
        with pytest.raises(CubeError, match=rf"text.tif of a.{ending} should be a GeoTIFF, but is none"):
            rasters(files, ["text.tif"])


def test_a_long_text_is_not_taken_for_metadata(tmp_path):
    files = files_of(pack(tmp_path / "a.zip", {"b.xml": bytes(1000)}))
    with pytest.raises(CubeError, match=r"at most 999 bytes, but b.xml in a.zip has 1000"):
        files.content("b.xml", most=999)
    assert len(files.content("b.xml", most=1000)) == 1000


def test_members_of_one_name_in_two_folders_stay_apart(tmp_path):
    files = files_of(pack(tmp_path / "a.tar.gz", {"one/b.txt": b"1", "two/b.txt": b"2"}))
    assert [path.read_bytes() for path in unpacked(files, ["two/b.txt", "one/b.txt"])] == [b"2", b"1"]


def test_a_file_that_shrank_since_it_was_listed_is_told(tmp_path):
    (tmp_path / "b.xml").write_bytes(bytes(100))
    files = files_of(tmp_path)
    (tmp_path / "b.xml").write_bytes(bytes(50))
    with pytest.raises(CubeError, match=r"b.xml in .* is cut off; copy the product again"):
        files.content("b.xml")
