"""The commands that run and keep a server; the only ones that may reach its code."""
