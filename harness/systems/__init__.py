"""Stores that their owners bring: how they are named, started, asked, and what is judged of them."""
