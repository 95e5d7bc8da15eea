"""Environments: the configuration that containers are made from, its builds, and the rooms themselves."""
