"""Campaigns: very many seeds, for hours, on this machine's cores or on a cluster, into one file that can be queried."""
