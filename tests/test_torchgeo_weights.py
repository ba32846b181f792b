"""torchgeo's models and ours with the same weights give the same features, and every card scales as torchgeo does."""

from __future__ import annotations

from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import torch

from workbench.cli import main
from workbench.cubes.multispectral import LANDSAT, SENTINEL_2
from workbench.pretrain import load_released, load_released_by_name
from workbench.pretrain.archives import Archive
from workbench.pretrain.encoders import find_architecture
from workbench.pretrain.torchgeo_weights import find_named

models = pytest.importorskip("torchgeo.models", reason="torchgeo is an extra of its own")

BUILDERS = {
    "ResNet18": models.resnet18,
    "ResNet50": models.resnet50,
    "ViTSmall16": models.vit_small_patch16_224,
    "ViTBase16": models.vit_base_patch16_224,
    "ViTLarge16": models.vit_large_patch16_224,
}
ENUMS = {name: getattr(models, f"{name}_Weights") for name in BUILDERS}
OF_SSL4EO = [
    f"{family}_Weights.{member}"  # by every name, also the second of a pair
    for family, enum in ENUMS.items()
    for member, weights in enum.__members__.items()
    if weights.meta["dataset"] in ("SSL4EO-L", "SSL4EO-S12")
]
UNKNOWN = {name for name in OF_SSL4EO if "_RGB_" in name or "SOFTCON" in name}
KNOWN = [name for name in OF_SSL4EO if name not in UNKNOWN]


def weights_named(name: str) -> object:
    family, _, member = name.partition("_Weights.")
    return ENUMS[family][member]


def stored(card: Archive, side: int) -> torch.Tensor:
    """Two patches of numbers as the archive's files have them, each band of each with a level of its own."""
    draws = torch.Generator().manual_seed(3)
    level = torch.rand((2, len(card.wavelength), 1, 1), generator=draws)
    share = level * torch.rand((2, len(card.wavelength), side, side), generator=draws)
    return share * 40 - 35 if card.units == "dB" else (share * (255 if "_l_" in card.name else 10_000)).round()


def in_units(card: Archive, numbers: torch.Tensor) -> torch.Tensor:
    """What they are in a scene."""
    gain, offset = (torch.tensor(np.broadcast_to(one, numbers.shape[1])) for one in (card.gain, card.offset))
    return (numbers.double() * gain[:, None, None] + offset[:, None, None]).float()


def middle(batch: torch.Tensor) -> torch.Tensor:
    """The square of 224 pixels that torchgeo's transforms cut out."""
    edge = (batch.shape[-1] - 224) // 2
    return batch[..., edge : edge + 224, edge : edge + 224]


@pytest.fixture
def hub(tmp_path, monkeypatch) -> Path:
    """Where torchgeo keeps what it downloaded."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", lambda *told, **how: pytest.fail("a download was tried"))
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    return folder


def downloaded(hub: Path, name: str) -> Path:
    """A file as torchgeo would have downloaded it, of random weights and running means."""
    weights = weights_named(name)
    torch.manual_seed(5)
    model = BUILDERS[name.partition("_")[0]](in_chans=weights.meta["in_chans"], num_classes=0)
    for key, one in model.state_dict().items():
        if one.ndim in (2, 4):  # as large as lets through what comes in
            one.copy_(torch.randn_like(one) * (2 / one[0].numel()) ** 0.5)
        elif one.is_floating_point():
            low, high = {"running_var": (0.5, 1.5), "weight": (0.2, 0.7)}.get(key.rpartition(".")[2], (-0.3, 0.3))
            one.uniform_(low, high)
    path = hub / weights.url.rpartition("/")[2]
    torch.save(model.state_dict(), path)
    return path


@pytest.mark.parametrize(
    "name",
    [
        "ResNet18_Weights.LANDSAT_TM_TOA_MOCO",
        "ResNet18_Weights.SENTINEL2_ALL_MOCO",
        "ResNet50_Weights.LANDSAT_OLI_TIRS_TOA_MOCO",
        "ResNet50_Weights.SENTINEL1_GRD_DECUR",
        "ViTSmall16_Weights.LANDSAT_ETM_SR_MOCO",
        "ViTSmall16_Weights.SENTINEL2_ALL_DINO",
    ],
)
def test_the_same_weights_give_the_same_features(name, hub):
    path, weights = downloaded(hub, name), weights_named(name)
    architecture, card = find_named(name)
    theirs = BUILDERS[name.partition("_")[0]](weights=weights, num_classes=0).eval()
    by_name, by_file = load_released_by_name(name, size=224), load_released(path, architecture, card.name, size=224)
    numbers = stored(card, 256 if "s12" in card.name else 224)
    with torch.inference_mode():
        expected = theirs(weights.transforms(numbers.clone()))
        assert expected.std(dim=0).max() > 0.01  # two patches apart, or nothing would be shown
        got = by_name(middle(by_name.scaler(in_units(card, numbers))))
    torch.testing.assert_close(got, expected, atol=1e-4, rtol=1e-4)
    again = by_file.state_dict()
    assert all(torch.equal(one, again[key]) for key, one in by_name.state_dict().items())


@pytest.mark.parametrize("name", KNOWN)
def test_a_card_scales_as_torchgeo_does_and_has_its_bands(name):
    weights, card = weights_named(name), find_named(name)[1]
    assert len(card.wavelength) == weights.meta["in_chans"]
    numbers = stored(card, 256 if "s12" in card.name else 224)
    ours = (in_units(card, numbers) - torch.tensor(card.mean)[:, None, None]) / torch.tensor(card.scale)[:, None, None]
    torch.testing.assert_close(middle(ours), weights.transforms(numbers.clone()), atol=1e-5, rtol=1e-5)
    if "SENTINEL1" in name:
        return
    sensor = SENTINEL_2 if "SENTINEL2" in name else LANDSAT[{"TM": 5, "ETM": 7, "OLI": 8}[name.split("_")[2]]]
    plain = [
        band.removeprefix("SR_").replace("B6_VCID_1", "B6").replace("B6_VCID_2", "B6") for band in weights.meta["bands"]
    ]
    by_name = {
        band.replace("B0", "B").upper(): centre for band, centre in zip(sensor.names, sensor.wavelength, strict=True)
    }
    assert list(card.wavelength) == [by_name[band.upper()] for band in plain]


@pytest.mark.parametrize("family", BUILDERS)
def test_a_family_is_the_architecture_it_is_called(family):
    architecture, card = find_named(next(name for name in KNOWN if name.startswith(family) and "SENTINEL2" in name))
    with torch.device("meta"):
        theirs = BUILDERS[family](in_chans=len(card.wavelength), num_classes=0).state_dict()
        ours = find_architecture(architecture).make(len(card.wavelength), 224, (False,) * 4).state_dict()
    assert {name: one.shape for name, one in ours.items()} == {name: one.shape for name, one in theirs.items()}


def test_weights_of_other_scalings_are_refused():
    for name in UNKNOWN:
        with pytest.raises(ValueError, match="is none of the weights of ResNet18"):
            find_named(name)
    assert "ResNet50_Weights.SENTINEL2_ALL_SOFTCON" in UNKNOWN


@pytest.mark.parametrize(
    "error", [URLError("no route to host"), RuntimeError('invalid hash value (expected "1c691b4f")')]
)
def test_a_download_that_fails_says_so_in_one_sentence(error, hub, monkeypatch, capsys):
    def fails(*told: object, **how: object) -> None:
        raise error

    monkeypatch.setattr(torch.hub, "download_url_to_file", fails)
    assert main(["released", "ResNet18_Weights.LANDSAT_TM_TOA_MOCO"]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "resnet18_landsat_tm_toa_moco-1c691b4f.pth could not be downloaded or read (" in told
    assert "load it as resnet18 of the archive ssl4eo_l_tm_toa" in told
