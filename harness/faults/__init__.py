"""One file a family of faults. A kind of fault says how it is drawn, which levers it pulls and how it reads."""
