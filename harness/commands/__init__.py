"""The commands of `urushi`, one file a use."""
