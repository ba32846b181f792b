"""The public benchmark scenes: what they are and where their publishers keep them.

Addresses and hashes are stated only where they are known; most publishers state neither a licence nor a hash.
"""

from __future__ import annotations

from workbench.cubes.benchmark import Benchmark, Download

_EHU = "https://www.ehu.eus/ccwintco/index.php/Hyperspectral_Remote_Sensing_Scenes"
_RSLAB = "https://rslab.ut.ac.ir/data"
_WHU = "http://rsidea.whu.edu.cn/resource_WHUHi_sharing.htm"
_GULFPORT = "https://github.com/GatorSense/MUUFLGulfport"
_AT_EHU = "published by the Computational Intelligence Group, University of the Basque Country"
_HAM = "Ham, Chen, Crawford, Ghosh (2005). IEEE TGRS 43(3), 492–501. doi:10.1109/TGRS.2004.842481"
_ZHU = "Zhu (2017). Hyperspectral Unmixing: Ground Truth Labeling, Datasets, Benchmark Performances. arXiv:1708.05125"
_ZHONG = "Zhong et al. (2020). Remote Sensing of Environment 250, 112012. doi:10.1016/j.rse.2020.112012"


def _ehu(*files: str) -> tuple[Download, ...]:
    return tuple(Download(file.rpartition("/")[2], f"http://www.ehu.eus/ccwintco/uploads/{file}") for file in files)


SCENES = (
    Benchmark(
        "indian-pines",
        "Indian Pines, Indiana, 1992",
        "AVIRIS, airborne",
        (145, 145, 200),
        "16 of crops and woods",
        "Baumgardner, Biehl, Landgrebe (2015). Purdue University Research Repository. doi:10.4231/R7RX991C",
        _EHU,
        files=_ehu("6/67/Indian_pines_corrected.mat", "c/c4/Indian_pines_gt.mat"),
    ),
    Benchmark(
        "salinas",
        "Salinas Valley, California",
        "AVIRIS, airborne",
        (512, 217, 204),
        "16 of vegetables, soil and vineyards",
        f"AVIRIS scene {_AT_EHU}",
        _EHU,
        files=_ehu("a/a3/Salinas_corrected.mat", "f/fa/Salinas_gt.mat"),
    ),
    Benchmark(
        "salinas-a",
        "Salinas-A, a part of Salinas",
        "AVIRIS, airborne",
        (83, 86, 204),
        "6 of vegetables",
        f"AVIRIS scene {_AT_EHU}",
        _EHU,
        files=_ehu("1/1a/SalinasA_corrected.mat", "a/aa/SalinasA_gt.mat"),
    ),
    Benchmark(
        "pavia-university",
        "University of Pavia, Italy",
        "ROSIS, airborne",
        (610, 340, 103),
        "9 of urban cover",
        f"Provided by P. Gamba, University of Pavia; {_AT_EHU}",
        _EHU,
        files=_ehu("e/ee/PaviaU.mat", "5/50/PaviaU_gt.mat"),
    ),
    Benchmark(
        "pavia-centre",
        "Centre of Pavia, Italy",
        "ROSIS, airborne",
        (1096, 715, 102),
        "9 of urban cover",
        f"Provided by P. Gamba, University of Pavia; {_AT_EHU}",
        _EHU,
        files=_ehu("e/e3/Pavia.mat", "5/53/Pavia_gt.mat"),
    ),
    Benchmark(
        "ksc",
        "Kennedy Space Center, Florida, 1996",
        "AVIRIS, airborne",
        (512, 614, 176),
        "13 of wetland and upland cover",
        _HAM,
        _EHU,
        files=_ehu("2/26/KSC.mat", "a/a6/KSC_gt.mat"),
    ),
    Benchmark(
        "botswana",
        "Okavango Delta, Botswana, 2001",
        "Hyperion, satellite",
        (1476, 256, 145),
        "14 of swamps and woodlands",
        _HAM,
        _EHU,
        files=_ehu("7/72/Botswana.mat", "5/58/Botswana_gt.mat"),
    ),
    Benchmark(
        "cuprite",
        "Cuprite, Nevada, 1997",
        "AVIRIS, airborne",
        (512, 614, 224),
        "none; minerals are known from maps",
        f"AVIRIS flight f970619t01p02; {_AT_EHU}",
        _EHU,
        files=_ehu("7/7d/Cuprite_f970619t01p02_r02_sc03.a.rfl.mat"),
    ),
    Benchmark(
        "houston-2013",
        "University of Houston, 2012",
        "CASI, airborne",
        (349, 1905, 144),
        "15 of urban cover",
        "Debes et al. (2014). IEEE JSTARS 7(6). doi:10.1109/JSTARS.2014.2305441",
        "https://hyperspectral.ee.uh.edu/?page_id=459",
        "terms of the IEEE GRSS data fusion contest; registration",
    ),
    Benchmark(
        "houston-2018",
        "University of Houston, 2017",
        "CASI, airborne",
        (601, 2384, 50),
        "20 of urban land use and cover",
        "Xu et al. (2019). IEEE JSTARS 12(6). doi:10.1109/JSTARS.2019.2911113",
        "https://hyperspectral.ee.uh.edu/?page_id=1075",
        "terms of the IEEE GRSS data fusion contest; registration",
    ),
    Benchmark(
        "jasper-ridge",
        "Jasper Ridge, California",
        "AVIRIS, airborne",
        (100, 100, 198),
        "abundances of 4: tree, water, soil, road",
        _ZHU,
        _RSLAB,
    ),
    Benchmark(
        "samson",
        "Samson",
        "SAMSON, airborne",
        (95, 95, 156),
        "abundances of 3: soil, tree, water",
        _ZHU,
        _RSLAB,
    ),
    Benchmark(
        "urban",
        "Urban, Copperas Cove, Texas, 1995",
        "HYDICE, airborne",
        (307, 307, 162),
        "abundances of 4, 5 or 6",
        _ZHU,
        _RSLAB,
    ),
    Benchmark(
        "muufl-gulfport",
        "MUUFL Gulfport, Mississippi, 2010",
        "CASI, airborne, with lidar",
        (325, 220, 64),
        "11 of campus cover",
        "Gader, Zare, Close, Aitken, Tuell (2013). Univ. Florida, REP-2013-570; Du, Zare (2017). TR 20170417",
        _GULFPORT,
        "see LICENSE in the publisher's repository",
        (
            Download(
                "muufl_gulfport_campus_1_hsi_220_label.mat",
                f"{_GULFPORT}/raw/master/MUUFLGulfportSceneLabels/muufl_gulfport_campus_1_hsi_220_label.mat",
                "69420a72866dff4a858ae503e6e2981af46f406a4ad8f4dd642efa43feb59edc",
            ),
        ),
    ),
    Benchmark(
        "whu-hi-longkou",
        "WHU-Hi-LongKou, Hubei, 2018",
        "Headwall Nano-Hyperspec, drone",
        (550, 400, 270),
        "9 of crops, water and roads",
        _ZHONG,
        _WHU,
    ),
    Benchmark(
        "whu-hi-hanchuan",
        "WHU-Hi-HanChuan, Hubei, 2016",
        "Headwall Nano-Hyperspec, drone",
        (1217, 303, 274),
        "16 of crops, roofs and water",
        _ZHONG,
        _WHU,
    ),
    Benchmark(
        "whu-hi-honghu",
        "WHU-Hi-HongHu, Hubei, 2017",
        "Headwall Nano-Hyperspec, drone",
        (940, 475, 270),
        "22 of crops and cover",
        _ZHONG,
        _WHU,
    ),
)
"""Every scene we know."""


def find_scene(name: str) -> Benchmark:
    """The scene called `name`.

    Examples
    --------
    >>> find_scene("Salinas").size
    (512, 217, 204)
    """
    plain = name.strip().lower().replace("_", "-").replace(" ", "-")
    for scene in SCENES:
        if scene.name == plain:
            return scene
    known = ", ".join(scene.name for scene in SCENES)
    raise ValueError(f"a benchmark scene is one of {known}, got {name!r}; see: workbench scenes")
