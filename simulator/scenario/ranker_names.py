"""The name of a stage's ranker: one of ours, or module:Class of one that the user brings."""

import re
from typing import TYPE_CHECKING, Annotated

from pydantic import PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from simulator.distributions.written import shown
from simulator.scenario.fields import one_or_several

__all__ = ["BUILT_IN", "UNKNOWN_RANKER", "RankerName", "RankerNames", "is_own"]

BUILT_IN = (
    "logistic", "mlp", "two_tower", "two_tower_ivf", "word2vec", "bilstm", "transformer", "cross_encoder",
)  # fmt: skip
UNKNOWN_RANKER = "unknown_ranker"
OWN_PATTERN = r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*"


def is_own(name: str) -> bool:
    """Return whether `name` has the form module:Class of a user's own ranker."""
    return re.fullmatch(OWN_PATTERN, name, re.ASCII) is not None


def _ranker_name(value: object) -> str:
    if isinstance(value, str) and (value in BUILT_IN or is_own(value)):
        return value
    message = f"a ranker ({', '.join(BUILT_IN)}) or your own as module:Class, got {shown(value)}"
    raise PydanticCustomError(UNKNOWN_RANKER, "{message}", {"message": message})


RankerName = Annotated[
    str,
    PlainValidator(_ranker_name),
    WithJsonSchema({"anyOf": [{"enum": list(BUILT_IN)}, {"type": "string", "pattern": f"^{OWN_PATTERN}$"}]}),
]

if TYPE_CHECKING:
    RankerNames = tuple[RankerName, ...]
else:
    RankerNames = one_or_several(RankerName, "ranker such as mlp")
