"""What a simulated scene is to be: place, sensor, pixel size, sea, and the seeds everything else follows from.

Kinds are the eight places, and two whose image does not tell what is there (see `ambiguity`).
"""

from __future__ import annotations

from dataclasses import dataclass

from training.errors import BadRecipe
from training.simulation.canvas import LEVELS_DB
from training.simulation.radar import STRETCHES, Radar

PLACES = ("coast", "harbour", "open_sea", "airfield", "town", "farmland", "forest", "river")
AMBIGUOUS = ("dark_surface", "bright_points")
KINDS = (*PLACES, *AMBIGUOUS)
TARGETS = ("ship", "plane")
LEAST_SIDE_PX, GREATEST_SIDE_PX, LEAST_CELL_PX = 64, 8192, 32


@dataclass(frozen=True)
class SceneSpec:
    """What is to be simulated; everything else follows from the seeds.

    kind: one of KINDS. secret: a second seed, for what the image of an ambiguous scene does not tell; by default it
    follows from `seed`. gsd_m: pixel size. band: X, C or L. cross: cross-polarised. wind_db: co-polarised mean
    backscatter of the sea. enl: equivalent number of looks. width_px: −3 dB width of the impulse response across and
    along the columns. taper, tilt, noise_db: see radar.Radar. stretch, grey: see radar.to_uint8. lon, lat: centre, in
    degrees WGS 84. cell_px: side of the squares that targets are dealt to, 0 to 8 each: that of a chip.
    longest_ship_px: at sea. smear_px: by which motion spreads ships along the columns, mean of the scenes that have it.
    coarse: towns and harbours as pixels of 5 to 20 m show them. border: the scene may end within the image, as a
    product does that was turned to map north; beyond it is no data, 0. Time and memory go with the area: a harbour of
    4096 pixels takes 12 s of one core and 1.3 GB, the largest, of 8192, a minute and 5 GB.

    Raises BadRecipe for an unknown kind, band or stretch, and for sizes that make no scene.
    """

    kind: str
    seed: int
    side_px: int = 336
    gsd_m: float = 10.0
    band: str = "C"
    cross: bool = False
    wind_db: float = -18.0
    enl: float = 4.0
    width_px: tuple[float, float] = (1.5, 1.5)
    taper: float = 0.75
    tilt: float = 0.0
    noise_db: float = -27.0
    stretch: str = "percentiles"
    grey: float = 40.0
    lon: float = 3.0
    lat: float = 45.0
    year: int = 2024
    cell_px: int = 168
    longest_ship_px: float = 46.0
    smear_px: float = 2.0
    coarse: bool = False
    border: bool = False
    secret: int | None = None

    def __post_init__(self) -> None:
        for value, known, what in (
            (self.kind, KINDS, "kind of scene"),
            (self.band, tuple(LEVELS_DB), "band"),
            (self.stretch, STRETCHES, "stretch"),
        ):
            if value not in known:
                raise BadRecipe(f"'{value}' is no {what} that can be simulated.", f"Known: {', '.join(known)}.")
        if not (LEAST_SIDE_PX <= self.side_px <= GREATEST_SIDE_PX and self.cell_px >= LEAST_CELL_PX):
            raise BadRecipe(
                f"A scene of {self.side_px} pixels in cells of {self.cell_px} cannot be simulated.",
                f"Take {LEAST_SIDE_PX}–{GREATEST_SIDE_PX}, and cells of {LEAST_CELL_PX} or more.",
            )
        if not (self.gsd_m > 0 and self.enl >= 1 and min(self.width_px) >= 1):
            raise BadRecipe(
                f"gsd_m {self.gsd_m}, enl {self.enl}, width_px {self.width_px} describe no radar image.",
                "Pixel sizes are above 0; looks and widths in pixels are 1 or more.",
            )
        if not (-180 <= self.lon <= 180 and -80 <= self.lat <= 84):
            raise BadRecipe(
                f"Longitude {self.lon}, latitude {self.lat} has no UTM zone.", "Take −180…180 and −80…84 degrees."
            )

    @property
    def radar(self) -> Radar:
        """The sensor of the spec: looks, impulse response and noise."""
        return Radar(self.enl, self.width_px, self.taper, self.tilt, self.noise_db)
