"""Sandboxes without isolation or programs of this machine: files in memory and a few programs written here.

For tests and for trying the API where no runtime can run; `sandbox_runtime = "memory"`. Nothing of it runs anything.
"""

from antechamber.adapters.sandboxes.memory.sandboxes import MemorySandboxes

__all__ = ["MemorySandboxes"]
