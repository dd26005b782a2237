"""What reports show of the strategy: the signal behind each round trip, and signals around trades."""

from phoenix_core.strategies.contract import Panel, Shown, TripColumn

_AROUND = "Ten minutes around each fill. Drag over a trade to look into it, or choose it among the round trips."

SHOWN = Shown(
    round_trip_columns=(
        TripColumn("LPI", "{entry_lpi:,.3f}"),
        TripColumn("bucket", "{entry_bucket}"),
        TripColumn("its trades", "{entry_first_trade} to {entry_last_trade}", is_number=False),
    ),
    panels=(
        Panel(
            "signals",
            "Signals around trades",
            _AROUND,
            260,
            (("lpi", "red"), ("fsi", "amber"), ("vpin", "blue"), ("ldr", "slate")),
        ),
        Panel("crowding", "Open interest around trades, z-score", "", 190, (("oi_z", "violet"),)),
    ),
)
