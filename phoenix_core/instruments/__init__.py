"""What the exchange says of its instruments, as data files with dates: increments, margins, fees, currencies.

One TOML file a venue. A symbol is added by an entry, a change by one more `terms` or `fees` with its date; no
code names a symbol. What the files may say is in `entries`, the question (listing, day) is answered by `table`.
"""
