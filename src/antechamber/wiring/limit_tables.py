"""The limits of the server's file, read against the catalogue whose models they group."""

from antechamber.features.gateway.model import Catalogue
from antechamber.features.gateway.service.catalogue import CatalogueError
from antechamber.features.limits.model.groups import Groups
from antechamber.features.limits.service.book import Defaults
from antechamber.features.limits.service.tables import LimitTableError, tables_of
from antechamber.settings import Loaded


def read_limit_tables(loaded: Loaded, catalogue: Catalogue) -> tuple[Groups, Defaults]:
    """Return the groups of models and the rates of the file; CatalogueError names what is wrong with them."""
    try:
        return tables_of(loaded.catalogue, {**catalogue.unlisted_aliases, **catalogue.aliases})
    except LimitTableError as error:
        raise CatalogueError(str(error)) from error
