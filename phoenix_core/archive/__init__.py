"""The remote: which file holds a day, whether it is out, and how its bytes get here."""
