"""SpectralEarth's spectral adapter: three convolutions along the spectrum of each pixel, whatever its number of bands.

It has no weight a band, so it takes any sensor of 75 bands or more; what it knows of a band is its place in the order
alone. Layers and their names are the paper's, so that its weights load. Alone it is an encoder of single spectra.

References
----------
Ait Ali Braham et al. (2024). *SpectralEarth: Training Hyperspectral Foundation Models at Scale.* arXiv:2408.08447
"""

from __future__ import annotations

from torch import Tensor, nn

from workbench.pretrain.encoders.pixelwise import PixelEncoder

LEAST_BANDS = 75
"""With fewer, nothing is left of the spectrum for the third convolution."""

CHANNELS = 128
"""Maps that come out."""


class SpectralAdapter(nn.Sequential):
    """From spectra to 128 features a pixel; the pixels' neighbours are not looked at."""

    def __init__(self) -> None:
        super().__init__(
            *_along_spectrum(1, 32, kernel=7, stride=5),
            *_along_spectrum(32, 64, kernel=7, stride=5),
            *_along_spectrum(64, CHANNELS, kernel=5, stride=3),
            nn.AdaptiveAvgPool3d((1, None, None)),
        )

    def forward(self, batch: Tensor) -> Tensor:
        """From (n, n_bands, height, width) to (n, 128, height, width)."""
        return super().forward(batch.unsqueeze(1)).squeeze(2)


class AdapterEncoder(PixelEncoder):
    """The adapter alone, as an encoder of single pixels.

    Parameters
    ----------
    n_bands : int
        Good bands of the scene, 75 or more.

    Raises
    ------
    ValueError
        If there are fewer.
    """

    def __init__(self, n_bands: int) -> None:
        super().__init__(check_bands(n_bands), CHANNELS)
        self.arguments = {"n_bands": n_bands}
        self.spectral_adapter = SpectralAdapter()

    def spectra(self, pixels: Tensor) -> Tensor:
        """Features (n, 128) of spectra (n, n_bands)."""
        return self.spectral_adapter(pixels.T[None, :, None])[0, :, 0].T


def check_bands(n_bands: int) -> int:
    """`n_bands`, or ValueError if they are too few for the adapter."""
    if n_bands < LEAST_BANDS:
        raise ValueError(
            f"SpectralEarth's adapter takes {LEAST_BANDS} bands or more, got {n_bands}; resample the scene to narrower "
            "bands or choose another encoder"
        )
    return n_bands


def _along_spectrum(channels: int, features: int, *, kernel: int, stride: int) -> tuple[nn.Module, ...]:
    convolution = nn.Conv3d(channels, features, (kernel, 1, 1), stride=(stride, 1, 1), padding=(1, 0, 0))
    return convolution, nn.BatchNorm3d(features), nn.ReLU()
