"""Signals as events for strategies: custom data that is known when its volume bucket closes."""

from nautilus_trader.core.data import Data
from nautilus_trader.model.identifiers import ClientId, InstrumentId

# Where custom data comes from, for `subscribe_data(DataType(SignalTick), client_id=ARCHIVE)`.
ARCHIVE = ClientId("ARCHIVE")


class SignalTick(Data):
    """The signals of one volume bucket.

    Attributes mirror `signals.table.SIGNAL_COLUMNS`; ldr and oi_z are None where they are not known.
    `entries_blocked`: the data had a gap just before, so nothing should be entered. `instrument_id`: whose they are;
    None where that is not said.
    """

    def __init__(self, row: dict[str, object], instrument_id: InstrumentId | None = None) -> None:
        self.instrument_id = instrument_id
        self.ts: int = row["ts_init"]  # type: ignore[assignment]
        self.bucket: int = row["bucket"]  # type: ignore[assignment]
        self.first_trade: int = row["first_trade"]  # type: ignore[assignment]
        self.last_trade: int = row["last_trade"]  # type: ignore[assignment]
        self.lpi: float = row["lpi"]  # type: ignore[assignment]
        self.ldr: float | None = row["ldr"]  # type: ignore[assignment]
        self.oi_z: float | None = row["oi_z"]  # type: ignore[assignment]
        self.rv: float | None = row["rv"]  # type: ignore[assignment]
        self.fsi_ready: bool = row["fsi_ready"]  # type: ignore[assignment]
        self.entries_blocked = bool(row.get("entries_blocked", False))

    @property
    def ts_event(self) -> int:
        """When it was known, in nanoseconds."""
        return self.ts

    @property
    def ts_init(self) -> int:
        """Likewise."""
        return self.ts
