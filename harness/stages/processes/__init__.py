"""The stage of real processes behind real links."""
