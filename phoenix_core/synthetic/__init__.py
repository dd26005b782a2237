"""A synthetic market that writes archive files byte for byte as the publisher would.

For the demo, tests and benchmarks. It is seeded, and nothing that comes of it is real.
"""
