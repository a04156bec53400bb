"""Configuration of FUSAR-GPT: that of Qwen2.5-VL and how the prior is brought in."""

from __future__ import annotations

from typing import Any

from transformers import AutoConfig, Qwen2_5_VLConfig

from fusar_core.domain.tiling import CHIP_SIZE
from fusar_core.errors import BadCheckpoint

BASE_MODEL_TYPE = Qwen2_5_VLConfig.model_type


def as_fusar_gpt(config: dict[str, Any]) -> dict[str, Any]:
    """The dictionary of a FUSAR-GPT or Qwen2.5-VL configuration as one of FUSAR-GPT. Raises BadCheckpoint."""
    found = config.get("model_type")
    if found == FusarGPTConfig.model_type:
        return config
    if found != BASE_MODEL_TYPE:
        raise BadCheckpoint(
            f"This is a checkpoint of the architecture '{found}', not of FUSAR-GPT or Qwen2.5-VL.",
            "Give a FUSAR-GPT directory, or a Qwen2.5-VL one as its base.",
        )
    kept = {k: v for k, v in config.items() if k not in ("architectures", "auto_map")}
    return {**kept, "model_type": FusarGPTConfig.model_type}


class FusarGPTConfig(Qwen2_5_VLConfig):
    """Qwen2.5-VL plus: fusion `tlm`, `sum`, `concat` or `none`, and its options.

    prior_dim: channels of an anchor. prior_hidden_dim: width of the MLP, max(128, 4·C) when None. prior_sigma: of the
    Gaussian, in cells of prior_grid, which is `patch` (official release) or `merged` (paper). prior_init: `identity`
    lets a fresh prior branch change nothing. chip_size: side in pixels of the images the model was trained on. classes:
    the targets it knows, coarse and fine. gsd_m: least and greatest pixel size it was trained on, in metres.
    tasks: those it was trained on; None where that was not written down. demonstration: whether it is there to show how
    things work, and not to be relied on. questions: the only ones in free words that it was trained for; empty where it
    may be asked anything.
    """

    model_type = "fusar_gpt"

    fusion: str = "tlm"
    prior_dim: int = 64
    prior_hidden_dim: int | None = None
    prior_sigma: float = 2.0
    prior_eps: float = 1e-6
    prior_grid: str = "patch"
    prior_init: str = "default"
    chip_size: int = CHIP_SIZE
    classes: list[str] | tuple[str, ...] = ("plane", "ship")
    gsd_m: list[float] | tuple[float, ...] | None = None
    tasks: list[str] | tuple[str, ...] | None = None
    demonstration: bool = False
    questions: list[str] | tuple[str, ...] = ()

    @classmethod
    def get_config_dict(cls, *args: Any, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Reads `config.json`, also of a stock Qwen2.5-VL, whose model_type would stick otherwise.

        Raises BadCheckpoint for any other architecture.
        """
        config, kwargs = super().get_config_dict(*args, **kwargs)
        return as_fusar_gpt(config), kwargs

    def fusion_options(self) -> dict[str, Any]:
        """What `build_fusion` is to be called with."""
        return {
            "channels": self.vision_config.out_hidden_size,
            "prior_dim": self.prior_dim,
            "hidden_dim": self.prior_hidden_dim,
            "sigma": self.prior_sigma,
            "eps": self.prior_eps,
            "grid": self.prior_grid,
            "merge_size": self.vision_config.spatial_merge_size,
            "init": self.prior_init,
        }


AutoConfig.register(FusarGPTConfig.model_type, FusarGPTConfig, exist_ok=True)
