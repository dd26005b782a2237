"""Phoenix as Dagster assets: thin bodies over `phoenix_core`, and nothing that it does not do itself."""
