"""Roll-ups of different fineness: a report reads the coarsest that has every dimension that it asks for."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final, TypeVar

from antechamber.features.usage.model import Dimension, Facet, Width

Value = TypeVar("Value")

_ORDER: Final = tuple(Dimension)


@dataclass(frozen=True, slots=True)
class Cube:
    """A roll-up by some dimensions; `suffix` sets its widths apart."""

    suffix: str
    dimensions: frozenset[Dimension]
    widths: frozenset[Width]

    def name(self, width: Width) -> str:
        """Return what stands in the column `width`."""
        return width.value + self.suffix

    def flatten(self, group: Sequence[Value]) -> tuple[Value | str | bool, ...]:
        """Return a group, dimensions in their order and the default workspace's flag, without what it has not."""
        if not self.suffix:
            return tuple(group)
        kept = self.dimensions
        values = [value if name in kept else "" for name, value in zip(_ORDER, group, strict=False)]
        return (*values, group[-1] if Dimension.WORKSPACE_ID in kept else False)


_ALL: Final = frozenset(Width)
# the coarsest first; a day's people are few enough, and hours of them are rarely asked for
CUBES: Final = (
    Cube(
        "/model",
        frozenset(
            {
                Dimension.CONTEXT_WINDOW,
                Dimension.INFERENCE_GEO,
                Dimension.MODEL,
                Dimension.SERVICE_TIER,
                Dimension.SPEED,
            }
        ),
        _ALL,
    ),
    Cube(
        "/workspace",
        frozenset(
            {
                Dimension.CONTEXT_WINDOW,
                Dimension.INFERENCE_GEO,
                Dimension.MODEL,
                Dimension.SERVICE_TIER,
                Dimension.SPEED,
                Dimension.WORKSPACE_ID,
            }
        ),
        _ALL,
    ),
    Cube(
        "/people",
        frozenset({Dimension.ACCOUNT_ID, Dimension.API_KEY_ID, Dimension.SERVICE_ACCOUNT_ID, Dimension.WORKSPACE_ID}),
        frozenset({Width.DAY}),
    ),
    Cube("", frozenset(Dimension), _ALL),
)


def choose(width: Width, asked: AbstractSet[Facet]) -> str:
    """Return the column `width` of the coarsest roll-up that has what is asked for."""
    return next(cube.name(width) for cube in CUBES if width in cube.widths and asked <= cube.dimensions)
