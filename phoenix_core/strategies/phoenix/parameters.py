"""What the Phoenix strategy can be told; without NautilusTrader, so that anything may read it."""

from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from phoenix_core.signals.parameters import SignalParameters


class EntryReference(StrEnum):
    """What the limit of an entry is measured from."""

    BID = "bid"  # the best bid that the strategy sees
    LAST_SELL = "last_sell"  # the last sale that it sees: known without quotes


class StrategyParameters(BaseModel):
    """Parameters of entry, exit, size and order life."""

    # Of what is not a number JSON keeps nothing: a result would not say what it came from.
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    signals: SignalParameters = SignalParameters()
    lpi_entry_threshold: float = Field(0.75, description="Enter when LPI is above.")
    lpi_exit_threshold: float = Field(0.20, description="Leave when LPI is below.")
    oi_z_threshold: float = Field(1.5, description="Enter only while open interest is this crowded.")
    oi_gate: bool = Field(default=True, description="Require open interest for an entry.")
    depth_gate: bool = Field(default=True, description="Require depth snapshots for an entry.")
    kelly_kappa: float = Field(0.5, gt=0, le=1, description="Share of the Kelly fraction; half by default.")
    expected_alpha: float = Field(0.0005, description="Expected return of a trade.")
    jump_risk_variance: float = Field(0.0001, ge=0, description="Variance added for jumps.")
    min_volatility: float = Field(0.001, gt=0, description="Floor of the volatility in the Kelly fraction.")
    max_leverage: float = Field(2.0, gt=0, description="Largest notional by equity.")
    maker_offset_ticks: int = Field(1, ge=0, description="Ticks above the best bid; with entry_reference bid.")
    entry_reference: EntryReference = Field(
        EntryReference.BID, description="What the limit is measured from: bid, or last_sell, which needs no quotes."
    )
    entry_ticks_below: int = Field(0, ge=0, description="Ticks below the last sale; with entry_reference last_sell.")
    entry_timeout_secs: float = Field(60.0, gt=0, description="An entry that has not filled is cancelled.")
    requote: bool = Field(default=False, description="After a timeout enter anew while the signal holds.")

    @model_validator(mode="after")
    def _measured_from_a_sale(self) -> Self:
        if self.entry_ticks_below and self.entry_reference is not EntryReference.LAST_SELL:
            raise ValueError("entry_ticks_below is measured from the last sale: set entry_reference to last_sell")
        return self

    def kelly_fraction(self, volatility: float) -> float:
        """Notional by equity: min(kappa mu / (sigma^2 + jumps), max leverage), never negative.

        The floor holds the volatility, not the variance.

        >>> StrategyParameters(max_leverage=100).kelly_fraction(0.01)
        1.25
        """
        sigma = max(volatility, self.min_volatility)
        fraction = self.kelly_kappa * self.expected_alpha / (sigma**2 + self.jump_risk_variance)
        return max(0.0, min(fraction, self.max_leverage))
