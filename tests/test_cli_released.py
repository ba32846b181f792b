"""Published weights through the command line: the report, the refusal, and an encoder file that other verbs take."""

from __future__ import annotations

import json
import shlex
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torchvision

from tests.scenes import make_cube
from workbench.cli import main
from workbench.cli.releasing import RELEASED
from workbench.cubes import save_cube
from workbench.labels import write_labels
from workbench.pretrain import ARCHITECTURES, ARCHIVES, load_encoder

TM = ARCHIVES["ssl4eo_l_tm_toa"]


def torchvision_weights(n_bands: int = 7) -> dict[str, torch.Tensor]:
    """As SSL4EO-L's authors published theirs: torchvision's ResNet-18 with a stem of so many bands."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        model = torchvision.models.resnet18()
        model.conv1 = torch.nn.Conv2d(n_bands, 64, 7, stride=2, padding=3, bias=False)
    return model.eval().state_dict()


@pytest.fixture(scope="module")
def weights():
    return torchvision_weights()


@pytest.fixture
def file(tmp_path, weights):
    """MoCo v2's layout: the query encoder with its head, the key encoder, the queue."""
    content = {f"module.encoder_q.{name}": one for name, one in weights.items() if not name.startswith("fc.")}
    content |= {f"module.encoder_k.{name}": one + 1 for name, one in weights.items()}
    content |= {"module.encoder_q.fc.0.weight": torch.zeros(4, 4), "module.queue": torch.zeros(4, 8)}
    torch.save({"epoch": 1, "state_dict": content}, tmp_path / "moco.pth")
    return tmp_path / "moco.pth"


ASKED = ["--architecture", "resnet18", "--archive", "ssl4eo_l_tm_toa", "--size", "9"]


def test_what_is_written_gives_torchvisions_features_and_repeats(file, weights, tmp_path, capsys):
    out = tmp_path / "moco.safetensors"
    assert main(["released", str(file), *ASKED, "--out", str(out)]) == 0
    told = capsys.readouterr()
    assert told.out == ""
    assert "after 'module.encoder_q.': matched" in told.err
    assert "(100%)" in told.err
    assert "left out" in told.err
    theirs = torchvision.models.resnet18()
    theirs.conv1 = torch.nn.Conv2d(7, 64, 7, stride=2, padding=3, bias=False)
    theirs.load_state_dict(weights)
    theirs.fc = torch.nn.Identity()
    batch = torch.randn(3, 7, 9, 9)
    with torch.inference_mode():
        torch.testing.assert_close(load_encoder(out)(batch), theirs.eval()(batch), atol=1e-4, rtol=1e-4)
    record = json.loads(out.with_suffix(".run.json").read_text(encoding="utf-8"))
    again = record["command"].replace(str(out), str(tmp_path / "again.safetensors"))
    assert main(shlex.split(again)[1:]) == 0
    assert (tmp_path / "again.safetensors").read_bytes() == out.read_bytes()


def test_embed_and_classify_take_it(file, tmp_path, capsys):
    out, rng = tmp_path / "moco.safetensors", np.random.default_rng(0)
    assert main(["released", str(file), *ASKED, "--out", str(out)]) == 0
    order = np.argsort(TM.wavelength)
    level = np.where(np.arange(10) < 5, 0.1, 0.3)[None, None]
    values = (level + rng.normal(0, 0.01, (7, 8, 10))).astype("float32")
    values[order == 5] = 290 + 50 * values[order == 5]
    cube = make_cube(values, np.asarray(TM.wavelength)[order])
    truth = cube[0].copy(data=np.where(level[0] < 0.2, 1, 2).repeat(8, 0).astype("int16"))
    truth = truth.drop_vars([name for name in truth.coords if name not in ("y", "x")])
    truth.attrs = {"classes": ["dark", "light"], "colors": ["#0072b2", "#d55e00"]}
    save_cube(cube, tmp_path / "scene.npz")
    write_labels(truth, tmp_path / "labels.tif")
    scene, encoder = str(tmp_path / "scene.npz"), ["--encoder", str(out), "--workers", "1"]
    assert main(["embed", scene, *encoder, "--out", str(tmp_path / "e.tif")]) == 0
    words = ["classify", scene, "--labels", str(tmp_path / "labels.tif"), "--model", "barlow_twins_linear"]
    assert main([*words, *encoder, "--out", str(tmp_path / "m.tif")]) == 0
    assert "is its head on their embedding" in capsys.readouterr().err


def test_too_few_weights_are_refused_in_one_sentence_and_nothing_is_written(tmp_path, weights, capsys):
    content = {name: one for name, one in weights.items() if not name.startswith("layer4.")}
    torch.save(content, tmp_path / "w.pth")
    words = ["released", str(tmp_path / "w.pth"), *ASKED]
    assert main([*words, "--out", str(tmp_path / "o.safetensors")]) == 2
    told = capsys.readouterr().err
    assert "of the weights of resnet18 for 7 bands and at least 100% are needed; choose another" in told
    assert told.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["w.pth"]
    assert main([*words, "--least", "0.5", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert all(name.startswith("layer4.") for name in result["missing"])
    assert (result["encoder"], result["left_out"]) == (None, ["fc.weight", "fc.bias"])
    assert result["share"] == pytest.approx(len(result["matched"]) / (len(result["matched"]) + len(result["missing"])))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["w.pth", "--archive", "ssl4eo_l_tm_toa"],
            "does not say its architecture; give --architecture, one of: spec_",
        ),
        (["w.pth", "--architecture", "resnet18"], "does not say its archive; give --archive, one of: spectral_earth"),
        (["no.pth", *ASKED], "no file at no.pth"),
        (["ResNet18_Weights.LANDSAT_TM_TOA_MOCO", "--archive", "x"], "says its archive itself; leave --archive out"),
    ],
)
def test_what_is_not_said_is_asked_for(words, message, tmp_path, monkeypatch, weights, capsys):
    monkeypatch.chdir(tmp_path)
    torch.save(weights, "w.pth")
    assert main(["released", *words]) == 2
    assert message in capsys.readouterr().err


def test_a_name_is_torchgeos(monkeypatch, weights, tmp_path, capsys):
    # Stands in for torchgeo, which would download.
    made = SimpleNamespace(get_state_dict=lambda **how: weights)
    monkeypatch.setitem(sys.modules, "torchgeo", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "torchgeo.models", SimpleNamespace(get_weight=lambda name: made))
    out = tmp_path / "n.safetensors"
    assert main(["released", "ResNet18_Weights.LANDSAT_TM_TOA_MOCO", "--size", "8", "--json", "--out", str(out)]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["archive"], result["share"], result["source"]) == (
        "ssl4eo_l_tm_toa",
        1.0,
        "ResNet18_Weights.LANDSAT_TM_TOA_MOCO",
    )
    assert load_encoder(out).card["released"]["architecture"] == "resnet18"


def test_the_help_names_every_architecture_and_archive():
    assert {*ARCHITECTURES, *ARCHIVES} <= set(RELEASED.replace(",", " ").replace(";", " ").split())
