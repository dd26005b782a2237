"""The archive of Binance: keys, checksums, address, client; `source.py` makes it a source."""
