"""The reference store: a replica as a core without input and output, and the process around it."""
