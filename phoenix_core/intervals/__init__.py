"""What trades alone prove of a market whose quotes were not published, and what they leave open."""
