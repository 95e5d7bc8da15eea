"""Prices of models: the server's own table, the one that is shipped, genai-prices, and the fallback, in this order."""

from antechamber.adapters.prices.book import Book
from antechamber.adapters.prices.table import Fallback, PriceError, PriceTable, read_fallback, read_prices, shipped

__all__ = ["Book", "Fallback", "PriceError", "PriceTable", "read_fallback", "read_prices", "shipped"]
