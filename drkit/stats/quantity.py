"""Quantity: a figure that is certain, or a range of low, typical and high, and the distribution it stands for."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, GetJsonSchemaHandler, model_validator
from pydantic_core import CoreSchema, PydanticCustomError

if TYPE_CHECKING:
    from pydantic.json_schema import JsonSchemaValue


class Strict(BaseModel):
    """Base of every part of a workload file: frozen, no unknown keys, no conversion of types."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, populate_by_name=True)


#: Standard normal quantile of the 99.9 % point, which is what high means for a lognormal.
Z999 = 3.090232306167813


def lognormal_problem(low: float, typical: float, high: float) -> str:
    """What is wrong with three figures [one unit] of a lognormal, which has no parameter for low; empty if nothing."""
    if low == high:
        return ""
    if typical == 0:
        return "typical is 0: it is the median of a lognormal, which lies above 0"
    if low not in (0, typical):
        return (
            f"low is {low:g}: a lognormal is drawn from its median (typical) and its 99.9 % point (high); give low as "
            "0, or distribution: triangular"
        )
    return ""


def lognormal_mean(typical: float, high: float) -> float:
    """Expected value of a lognormal with this median and 99.9 % point [all in one unit]."""
    return typical * math.exp((math.log(high / typical) / Z999) ** 2 / 2) if high > typical > 0 else typical


class Quantity(Strict):
    """A figure that is known, or known as low, typical and high. Bills use the typical one.

    ``distribution`` says how the figure is drawn: triangular, or lognormal with typical as its median and high as its
    99.9 % point, as ``drkit calibrate`` writes it; the figure's own where it is left out.
    """

    low: float = Field(ge=0)
    typical: float = Field(ge=0)
    high: float = Field(ge=0)
    distribution: Literal["triangular", "lognormal"] | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_number(cls, value: Any) -> Any:
        if isinstance(value, int | float) and not isinstance(value, bool):
            if not 0 <= value < math.inf:
                raise PydanticCustomError("quantity", "give a number of at least 0")
            return {"low": value, "typical": value, "high": value}
        if isinstance(value, dict | Quantity):
            return value
        raise PydanticCustomError("quantity", "give one number, or low, typical and high")

    @model_validator(mode="after")
    def _in_order(self) -> Quantity:
        if not self.low <= self.typical <= self.high:
            raise PydanticCustomError("quantity_order", "low must not be above typical, nor typical above high")
        if self.distribution == "lognormal" and (problem := lognormal_problem(self.low, self.typical, self.high)):
            raise PydanticCustomError("quantity_lognormal", problem)
        return self

    @property
    def certain(self) -> bool:
        """Whether the three figures are equal."""
        return self.low == self.high

    @property
    def mean(self) -> float:
        """Expected value of the distribution that the three figures stand for [their unit]."""
        if self.distribution == "lognormal":
            return lognormal_mean(self.typical, self.high)
        return (self.low + self.typical + self.high) / 3

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """One number or an object of three, for editors."""
        return {"anyOf": [{"type": "number", "minimum": 0}, handler(schema)]}


def _above_zero(value: Quantity) -> Quantity:
    if value.low <= 0:
        raise PydanticCustomError("quantity_above_zero", "give a number above 0")
    return value


Positive = Annotated[Quantity, AfterValidator(_above_zero)]
ZERO = Quantity(low=0, typical=0, high=0)
