"""What the making of a base needs and must leave no trace of: logins of mirrors, authorities, the way out."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from antechamber.adapters.sandboxes.images.profiles import SUITE
from antechamber.features.environments.model.registries import AUTHORITIES

_APT_FILE: Final = "/etc/apt/apt.conf.d/00ante"


@dataclass(frozen=True, slots=True)
class Source:
    """Where packages come from: an apt mirror (mmdebstrap's own default without one), and what clients are told.

    `environment` is for programs inside the tree, `outside` all that those outside have (None: what this process has),
    which those inside inherit. `authorities` (PEM) are believed instead of the machine's. `logins` are files that are
    in the tree, for its root alone, until it is made.
    """

    mirror: str | None = None
    suite: str = SUITE
    environment: Mapping[str, str] = field(default_factory=dict)
    authorities: bytes | None = None
    logins: Mapping[str, bytes] = field(default_factory=dict)
    outside: Mapping[str, str] | None = None


@contextmanager
def laid_in(source: Source) -> Iterator[tuple[list[str], list[str]]]:
    """Yield the options of mmdebstrap that put these files into a tree before all else, and that take them out again.

    Secrets are in files of this user's alone, and in no argument.
    """
    with tempfile.TemporaryDirectory(prefix="ante-base-") as place:
        folder = Path(place)
        # apt reads the authorities as a user of its own, outside the tree
        folder.chmod(0o711)
        files = dict(source.logins)
        if source.authorities is not None:
            bundle = folder / "authorities.pem"
            bundle.write_bytes(source.authorities)
            bundle.chmod(0o644)
            files |= {AUTHORITIES: source.authorities, _APT_FILE: f'Acquire::https::CAInfo "{bundle}";\n'.encode()}
        before = []
        for number, (path, content) in enumerate(files.items()):
            kept = folder / str(number)
            descriptor = os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            inside = Path(path)
            before.append(f'--setup-hook=mkdir -p "$1"{inside.parent}; umask 077; : >"$1"{inside}')
            before.append(f'--setup-hook=upload "{kept}" {inside}')
        gone = [*files, str(Path(AUTHORITIES).parent)] if source.authorities is not None else [*files]
        removed = " ".join(f'"$1"{path}' for path in gone)
        yield before, [f"--customize-hook=rm -rf {removed}"] if gone else []
