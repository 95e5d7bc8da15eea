"""What goes wrong that an operator can put right: told as a sentence, with an exit code, and never as a traceback."""

import contextlib
from collections.abc import Iterator
from typing import Final

from antechamber.base.errors import InvalidRequest, WireError
from antechamber.base.seals import SealError
from antechamber.settings import SettingsError
from antechamber.wiring.data_folder import DataFolderError

USAGE: Final = 2
FAILED: Final = 1


class OperationError(Exception):
    """It did not work: `str()` is a sentence for the operator, `code` the command's exit code."""

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.code = code


def code_of(error: Exception) -> int | None:
    """Return the exit code for what the settings or the stored data are to blame for; None for what they are not."""
    # A second is spared to commands that neither read a catalogue nor open a database.
    from antechamber.database.schema import UnknownSchemaError  # noqa: PLC0415
    from antechamber.features.gateway.service.catalogue import CatalogueError  # noqa: PLC0415

    if isinstance(error, SettingsError | CatalogueError):
        return USAGE
    return FAILED if isinstance(error, DataFolderError | SealError | UnknownSchemaError) else None


@contextlib.contextmanager
def told() -> Iterator[None]:
    """Turn everything that an operator can put right into an OperationError."""
    try:
        yield
    except OperationError:
        raise
    except InvalidRequest as error:
        raise OperationError(error.message, USAGE) from error
    except WireError as error:
        note = f" ({error.note})" if error.note else ""
        raise OperationError(error.message + note) from error
    except Exception as error:
        if (code := code_of(error)) is None:
            raise
        raise OperationError(str(error), code) from error
