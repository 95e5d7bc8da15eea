"""Where rates are counted and spends are held."""

from antechamber.adapters.counters.memory import MemoryCounters

__all__ = ["MemoryCounters"]
