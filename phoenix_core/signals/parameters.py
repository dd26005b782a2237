"""What the signals depend on besides the data."""

from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field

from phoenix_core.datasets import METRICS
from phoenix_core.products import SIGNALS

OI_DAYS = SIGNALS.days_back(METRICS.catalog_name)  # the longest window of open interest


class SignalParameters(BaseModel):
    """Parameters of the liquidation pressure index and of what stands beside it.

    The names of the strategy's own scripts are kept where they had one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    vol_bucket_size: Decimal = Field(
        Decimal(1_000_000), gt=0, description="Quote units of aggressive flow that close a bucket."
    )
    fsi_window: int = Field(100, ge=2, description="Buckets over which the z-score of FSI is taken.")
    vpin_window: int = Field(1, ge=1, description="Buckets over which VPIN is averaged.")
    depth_band: Decimal = Field(
        Decimal(-1), lt=0, description="Bid band of LDR, in percent of the mid; the archive has -5 to -0.2."
    )
    oi_window_days: int = Field(OI_DAYS, ge=1, le=OI_DAYS, description="Days over which open interest is z-scored.")
    min_samples: int = Field(30, ge=2, description="Samples from which a z-score counts.")
    rv_window_minutes: int = Field(60, ge=1, le=1440, description="Minutes of returns in realized volatility.")
    max_depth_age_secs: int = Field(300, ge=1, description="An older depth snapshot counts as absent.")
    max_oi_age_secs: int = Field(900, ge=1, description="An older open interest counts as absent.")
