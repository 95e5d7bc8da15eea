"""The folders whose .env files may send a person's own credential to a server that they name."""

from pathlib import Path

from antechamber.client.environment import Environment
from antechamber.client.files import read_plain, write_plain

_KEY = "trusted_folders"


class TrustStore:
    """The list of trusted folders, by real path; a folder below a trusted one is not trusted."""

    def __init__(self, environment: Environment) -> None:
        """Nothing is read yet."""
        self._environment = environment

    @property
    def path(self) -> Path:
        """The file that holds the list."""
        return own_folder(self._environment) / "trust.json"

    def folders(self) -> list[Path]:
        """Return the trusted folders, sorted; CredentialUnusable if others could have written the list."""
        listed = (read_plain(self.path) or {}).get(_KEY)
        return sorted(Path(text) for text in listed if isinstance(text, str)) if isinstance(listed, list) else []

    def is_trusted(self, folder: Path) -> bool:
        """Say whether this very folder is trusted."""
        return folder.resolve() in self.folders()

    def trust(self, folder: Path) -> Path:
        """Add a folder and return its real path; NotADirectoryError if it is none."""
        real = folder.resolve(strict=True)
        if not real.is_dir():
            raise NotADirectoryError(real)
        self._write({*self.folders(), real})
        return real

    def distrust(self, folder: Path) -> bool:
        """Remove a folder; False if it was not trusted."""
        trusted, real = set(self.folders()), folder.resolve()
        if real not in trusted:
            return False
        self._write(trusted - {real})
        return True

    def _write(self, folders: set[Path]) -> None:
        kept = read_plain(self.path) or {}
        write_plain(self.path, {**kept, _KEY: sorted(map(str, folders))})


def own_folder(environment: Environment) -> Path:
    """Return where what is ours alone lies: beside the folder that all clients share, never in it."""
    if environment.windows and (roaming := environment.get("APPDATA")):
        return Path(roaming) / "Antechamber"
    configuration = environment.get("XDG_CONFIG_HOME")
    return (Path(configuration) if configuration else environment.home / ".config") / "antechamber"
