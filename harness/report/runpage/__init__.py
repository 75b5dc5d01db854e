"""The page of one run: a file a section of what it shows, `page.py` puts them together."""
