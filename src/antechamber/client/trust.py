"""The folders whose .env files may send a person's own credential to a server that they name."""

from pathlib import Path

from antechamber.client.environment import Environment


class TrustStore:
    """The list of trusted folders, by real path; a folder below a trusted one is not trusted."""

    def __init__(self, environment: Environment) -> None:
        """Nothing is read yet."""
        self._environment = environment

    @property
    def path(self) -> Path:
        """The file that holds the list."""
        raise NotImplementedError

    def folders(self) -> list[Path]:
        """Return the trusted folders, sorted."""
        raise NotImplementedError

    def is_trusted(self, folder: Path) -> bool:
        """Say whether this very folder is trusted."""
        raise NotImplementedError

    def trust(self, folder: Path) -> Path:
        """Add a folder and return its real path; NotADirectoryError if it is none."""
        raise NotImplementedError

    def distrust(self, folder: Path) -> bool:
        """Remove a folder; False if it was not trusted."""
        raise NotImplementedError
