"""What every mapping of a scenario file is."""

from pydantic import BaseModel, ConfigDict

__all__ = ["Section"]


class Section(BaseModel):
    """A mapping of the file: frozen, and no key is unknown to it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
