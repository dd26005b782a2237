"""The third replay: the strategy of the house over a day's columns, without NautilusTrader's engine in between."""
