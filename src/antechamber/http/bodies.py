"""Request bodies: strict types, and no field that nobody knows (decisions.md)."""

from pydantic import BaseModel, ConfigDict


class Body(BaseModel):
    """What every request body of the control plane derives from."""

    model_config = ConfigDict(extra="forbid", strict=True)
