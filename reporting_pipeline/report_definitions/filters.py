"""The filters of a report: a closed grammar of comparisons, joined by `and` and `or`.

    {column: channel, operator: "=", value: web}
    {column: channel, operator: in, values: [web, api]}
    {column: channel, operator: not_in, values: [comp]}                   also where it is null
    {column: date, operator: range, from: 2026-01-01, to: 2026-02-01}     half-open
    {column: event_id, operator: is_null}                                 value: false: is not null
    {or: [<filter>, ...]}   {and: [<filter>, ...]}

What belongs here: the grammar and its limits. What does not: which operand fits which column
(`operands`), and the condition that a filter becomes (`conditions`).
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag
from pydantic_core import PydanticCustomError

MAX_DEPTH = 4
"""How many comparisons, `and` and `or` may stand one inside the other."""

MAX_FILTERS = 100
"""How many comparisons, `and` and `or` a report may have in all."""

MAX_VALUES = 1_000
"""How many values an `in` or a `not_in` may list."""

_MAX_CHARACTERS = 500
_KIND = "scalar"  # of pydantic's error

Scalar: TypeAlias = str | int | bool


def tuple_of(value: object) -> object:
    """A list as the tuple that frozen models hold."""
    return tuple(value) if isinstance(value, list) else value


def _scalar(value: object) -> object:
    if not isinstance(value, str | int):
        message = "expected text, a whole number, true or false"
        raise PydanticCustomError(_KIND, message)
    if isinstance(value, str) and len(value) > _MAX_CHARACTERS:
        message = "text of {count} characters; at most {most}"
        facts = {"count": len(value), "most": _MAX_CHARACTERS}
        raise PydanticCustomError(_KIND, message, facts)
    return value


Operand = Annotated[Scalar, BeforeValidator(_scalar)]
Operands = Annotated[
    tuple[Operand, ...], BeforeValidator(tuple_of), Field(min_length=1, max_length=MAX_VALUES)
]


class _Part(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, populate_by_name=True, serialize_by_alias=True
    )


class Equals(_Part):
    """The column has this value."""

    column: str
    operator: Literal["="]
    value: Operand


class OneOf(_Part):
    """The column has one of these values."""

    column: str
    operator: Literal["in"]
    values: Operands


class NoneOf(_Part):
    """The column has none of these values: another one, or no value at all."""

    column: str
    operator: Literal["not_in"]
    values: Operands


class InRange(_Part):
    """The column is in [from, to); without one of them there is no bound on that side."""

    column: str
    operator: Literal["range"]
    first: Annotated[Operand | None, Field(alias="from")] = None
    end: Annotated[Operand | None, Field(alias="to")] = None


class IsNull(_Part):
    """The column has no value; with `value` false: it has one."""

    column: str
    operator: Literal["is_null"]
    value: bool = True


class AllOf(_Part):
    """Every one of these holds."""

    filters: Annotated["Filters", Field(alias="and", min_length=1)]


class AnyOf(_Part):
    """At least one of these holds."""

    filters: Annotated["Filters", Field(alias="or", min_length=1)]


Comparison: TypeAlias = Equals | OneOf | NoneOf | InRange | IsNull
Group: TypeAlias = AllOf | AnyOf

# Pydantic puts the tag into the path of a problem, from where its brackets let it be taken out.
_TAGS: dict[str, str] = {each: f"<{each}>" for each in ("=", "in", "not_in", "range", "is_null")}


def _tag(value: Any) -> str | None:
    if isinstance(value, AllOf) or (isinstance(value, Mapping) and "and" in value):
        return "<and>"
    if isinstance(value, AnyOf) or (isinstance(value, Mapping) and "or" in value):
        return "<or>"
    operator = (
        value.get("operator") if isinstance(value, Mapping) else getattr(value, "operator", None)
    )
    return _TAGS.get(operator) if isinstance(operator, str) else None


Filter: TypeAlias = Annotated[
    Annotated[Equals, Tag("<=>")]
    | Annotated[OneOf, Tag("<in>")]
    | Annotated[NoneOf, Tag("<not_in>")]
    | Annotated[InRange, Tag("<range>")]
    | Annotated[IsNull, Tag("<is_null>")]
    | Annotated[AllOf, Tag("<and>")]
    | Annotated[AnyOf, Tag("<or>")],
    Discriminator(
        _tag,
        custom_error_type="operator",
        custom_error_message="no such operator; there are =, in, not_in, range and is_null, "
        "and groups named `and` and `or`",
    ),
]
Filters: TypeAlias = Annotated[tuple[Filter, ...], BeforeValidator(tuple_of)]


def placed(filters: tuple[Filter, ...], path: str = "filters") -> Iterator[tuple[str, Comparison]]:
    """Every comparison with its path, groups opened."""
    for index, each in enumerate(filters):
        here = f"{path}[{index}]"
        if isinstance(each, AllOf):
            yield from placed(each.filters, f"{here}.and")
        elif isinstance(each, AnyOf):
            yield from placed(each.filters, f"{here}.or")
        else:
            yield here, each


def extent(filters: tuple[Filter, ...]) -> tuple[int, int]:
    """How deep the filters nest, and how many they are in all."""
    depth, count = 0, 0
    level = list(filters)
    while level:
        depth, count = depth + 1, count + len(level)
        level = [
            inner for each in level if isinstance(each, AllOf | AnyOf) for inner in each.filters
        ]
    return depth, count


def pinned(filters: tuple[Filter, ...]) -> frozenset[str]:
    """The columns that have one same value in every row that passes."""
    names: set[str] = set()
    for each in filters:
        if isinstance(each, Equals):
            names.add(each.column)
        elif isinstance(each, AllOf):
            names |= pinned(each.filters)
    return frozenset(names)


AllOf.model_rebuild()
AnyOf.model_rebuild()
