"""The price book: the server's `[[prices]]` and `[fallback_price]` over the lists that are shipped."""

from antechamber.adapters.prices import Book, Fallback, PriceError, PriceTable, read_fallback, read_prices
from antechamber.features.gateway.service.catalogue import CatalogueError
from antechamber.settings import Loaded


def open_prices(loaded: Loaded) -> Book:
    """Return the price book; CatalogueError names what is wrong with the tables."""
    return Book(*read_tables(loaded))


def read_tables(loaded: Loaded) -> tuple[PriceTable, Fallback | None]:
    """Return what the server's file says of prices; CatalogueError names what is wrong with it."""
    tables = loaded.catalogue
    try:
        own = read_prices(tables.get("prices", []))
        fallback = read_fallback(tables["fallback_price"]) if "fallback_price" in tables else None
    except PriceError as error:
        raise CatalogueError(str(error)) from error
    return own, fallback
