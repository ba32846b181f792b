"""The page of pictures shows every main view in light and dark, 1280 and 1920 wide, and no picture is missing."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.browser.pictures import IMAGES, LOOKS, SIZES, VIEWS

PAGE = (Path(__file__).parents[1] / "notebooks" / "desk.md").read_text(encoding="utf-8")
ALL = [(name, look, width) for name in VIEWS for look in LOOKS for width in SIZES]


def test_the_page_leads_to_every_picture_and_there_is_no_other():
    wanted = {f"{name}_{look}_{width}.webp" for name, look, width in ALL}
    assert set(re.findall(r"\(images/(.+?)\)", PAGE)) == wanted
    assert {path.name for path in IMAGES.iterdir()} == wanted


@pytest.mark.parametrize(("name", "look", "width"), ALL)
def test_a_picture_is_what_its_name_says(name, look, width):
    with Image.open(IMAGES / f"{name}_{look}_{width}.webp") as picture:
        assert picture.size == (width, SIZES[width])
        shades = np.asarray(picture.convert("L"))
    header, panels = np.median(shades[10:40]), np.median(shades[100:-40, -200:])
    assert (header > 200 and panels > 200) if look == "light" else (header < 60 and panels < 60)
