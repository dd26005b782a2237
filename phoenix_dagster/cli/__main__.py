"""`python -m phoenix_dagster.cli`, for where the script `phoenix` is not on the path."""

import sys

from phoenix_dagster.cli.app import main

sys.exit(main())
