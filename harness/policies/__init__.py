"""The built-in policies, one TOML file each."""
