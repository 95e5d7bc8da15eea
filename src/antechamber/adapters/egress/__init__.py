"""The way out of sandboxes: a process of its own that decides on every connection, name and address, and logs it.

It has no port of its own on the host: the network helper (adapters/sandboxes/network) opens listeners inside a
sandbox's network namespace and hands them over; what comes in there is decided by the sandbox's policy (decision 0025).
"""
