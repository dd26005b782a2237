"""The code that decides what the strategy does: roots of a backtest's recipe. Its parameters are the experiment's."""

ROOTS = (
    "strategies.phoenix.strategy:PhoenixStrategy",
    "strategies.phoenix.strategy:PhoenixConfig",
    "strategies.phoenix.skipper:SignalSkipper",
    "strategies.phoenix.trader:PhoenixTrader",
    "strategies.phoenix.declaration:CONTRACT",
    "strategies.phoenix.declaration:LIVE_CONTRACT",
)
REPORT_ROOTS = ("strategies.phoenix.shown:SHOWN",)
