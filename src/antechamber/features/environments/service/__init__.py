"""The use-cases of environments."""

from antechamber.features.environments.service.environments import Environments
from antechamber.features.environments.service.history import History

__all__ = ["Environments", "History"]
