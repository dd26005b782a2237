"""The Phoenix strategy on NautilusTrader, and its signals tick by tick as live trading would see them."""
