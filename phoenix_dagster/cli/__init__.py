"""The command line `phoenix`. A command reads its options, calls one function and prints; it decides nothing."""
