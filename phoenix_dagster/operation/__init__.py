"""What people do with a Phoenix beyond materializing assets: demo, backfill, doctor. Printing is left to the caller."""
