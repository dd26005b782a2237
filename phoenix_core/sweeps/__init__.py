"""Many experiments at once, and what choosing the best of them is worth."""
