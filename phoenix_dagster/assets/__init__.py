"""Factories of assets over the registry, one module a stage."""
