"""The signals of a day as arrays: volume buckets, liquidation pressure, crowding and volatility.

Pure functions of arrays, and `days.py`, which reads their inputs from the catalog and publishes what
they give. `strategies/indicators.py` computes the same tick by tick; the two must agree.
"""
