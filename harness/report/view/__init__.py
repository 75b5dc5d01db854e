"""All runs in a browser: `index.py` lists them, `server.py` serves them on this machine alone."""
