"""Where files are kept: the protocol of a store, the stores, and the data folder that every stage holds."""
