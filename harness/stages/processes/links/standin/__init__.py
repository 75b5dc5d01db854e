"""A stand-in for `toxiproxy-server`: the same HTTP API and the same toxics, where no Go binary is to be had."""
