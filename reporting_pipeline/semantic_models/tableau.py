"""Tableau: a data source (`.tds`) per view, with a direct connection to PostgreSQL.

A figure that may be summed over everything is a field of its own. Of any other figure the column is
hidden, and a calculated field keeps the rules: Tableau's own formula for money of one currency,
and PostgreSQL's aggregate (`RAWSQLAGG`) for balances and ratios of them, which an extract does not
have.
"""

from collections.abc import Iterator, Sequence
from xml.etree import ElementTree as ET

from reporting_pipeline.registry.columns import Column, ColumnType
from reporting_pipeline.semantic_models.place import Place
from reporting_pipeline.semantic_models.postgres_sql import aggregate
from reporting_pipeline.semantic_models.semantic_model import (
    Measure,
    Rule,
    SemanticModel,
    label_of,
)

_CONNECTION = "postgres.reporting"
_TYPES = {
    ColumnType.BIGINT: "integer",
    ColumnType.BOOLEAN: "boolean",
    ColumnType.DATE: "date",
    ColumnType.INSTANT: "datetime",
    ColumnType.RATIO: "real",
}
_ORDINAL = {ColumnType.DATE, ColumnType.INSTANT}


def files(models: Sequence[SemanticModel], place: Place) -> dict[str, bytes]:
    """A data source per view."""
    return {f"{model.name}.tds": _document(model, place) for model in models}


def _document(model: SemanticModel, place: Place) -> bytes:
    source = ET.Element(
        "datasource",
        {"formatted-name": model.name, "inline": "true", "version": "18.1"},
    )
    source.append(_connection(model, place))
    calculated = {each.column: each for each in model.measures if _formula(model, each)}
    for column in model.view.columns:
        source.append(
            _field(column, is_hidden=column.name in calculated or _is_unread(model, column))
        )
    for measure in model.measures:
        formula = _formula(model, measure)
        if formula is not None:
            source.append(_calculated(measure, formula))
    ET.indent(source)
    content: bytes = ET.tostring(source, encoding="utf-8", xml_declaration=True)
    return content + b"\n"


def _connection(model: SemanticModel, place: Place) -> ET.Element:
    federated = ET.Element("connection", {"class": "federated"})
    named = ET.SubElement(
        ET.SubElement(federated, "named-connections"),
        "named-connection",
        {"caption": place.host, "name": _CONNECTION},
    )
    server = {
        "authentication": "username-password",
        "class": "postgres",
        "dbname": place.database,
        "port": str(place.port),
        "server": place.host,
        "username": place.user,
    }
    ET.SubElement(named, "connection", server)
    relation = {
        "connection": _CONNECTION,
        "name": model.name,
        "table": f"[{place.schema}].[{model.name}]",
        "type": "table",
    }
    ET.SubElement(federated, "relation", relation)
    records = ET.SubElement(federated, "metadata-records")
    records.extend(_records(model))
    return federated


def _records(model: SemanticModel) -> Iterator[ET.Element]:
    for position, column in enumerate(model.view.columns):
        record = ET.Element("metadata-record", {"class": "column"})
        for tag, text in (
            ("remote-name", column.name),
            ("local-name", f"[{column.name}]"),
            ("parent-name", f"[{model.name}]"),
            ("remote-alias", column.name),
            ("ordinal", str(position)),
            ("local-type", _type(column)),
            ("contains-null", "true" if column.nullable else "false"),
        ):
            ET.SubElement(record, tag).text = text
        yield record


def _field(column: Column, *, is_hidden: bool) -> ET.Element:
    is_measure = column.kind.is_figure
    facts = {
        "caption": label_of(column.name, column.unit),
        "datatype": _type(column),
        "name": f"[{column.name}]",
        "role": "measure" if is_measure else "dimension",
        "type": _scale(column),
    }
    if is_measure:
        facts["default-type"], facts["aggregation"] = "quantitative", "Sum"
    if is_hidden:
        facts["hidden"] = "true"
    field = ET.Element("column", facts)
    _describe(field, column.description)
    return field


def _calculated(measure: Measure, formula: str) -> ET.Element:
    field = ET.Element(
        "column",
        {
            "caption": measure.label,
            "datatype": "real" if measure.rule is Rule.RATIO else "integer",
            "name": f"[Calculation_{measure.name}]",
            "role": "measure",
            "type": "quantitative",
        },
    )
    ET.SubElement(field, "calculation", {"class": "tableau", "formula": formula})
    _describe(field, measure.description)
    return field


def _describe(field: ET.Element, text: str) -> None:
    description = ET.SubElement(ET.SubElement(field, "desc"), "formatted-text")
    ET.SubElement(description, "run").text = text


def _formula(model: SemanticModel, measure: Measure) -> str | None:
    """The formula of a calculated field; None where the column itself may be summed."""
    match measure.rule:
        case Rule.SUM if not measure.single:
            return None
        case Rule.SUM | Rule.ONE_DAY:
            guards = " AND ".join(_is_single(model, each) for each in measure.single)
            return f"IF {guards} THEN SUM([{measure.column}]) END"
        case Rule.DISTINCT:
            return f"COUNTD([{measure.column}])"
        case Rule.LAST | Rule.RATIO:
            return _in_postgres(model, measure)


def _is_single(model: SemanticModel, name: str) -> str:
    if model.view.column(name).nullable:
        return f"MIN(IFNULL([{name}], '')) = MAX(IFNULL([{name}], ''))"
    return f"MIN([{name}]) = MAX([{name}])"


def _in_postgres(model: SemanticModel, measure: Measure) -> str:
    """The aggregate of PostgreSQL, with Tableau's fields as %1, %2 and so on."""
    names: list[str] = []

    def placed(name: str) -> str:
        if name not in names:
            names.append(name)
        return f"%{names.index(name) + 1}"

    text = aggregate(model, measure, placed)
    function = "RAWSQLAGG_REAL" if measure.rule is Rule.RATIO else "RAWSQLAGG_INT"
    return f'{function}("{text}", {", ".join(f"[{each}]" for each in names)})'


def _is_unread(model: SemanticModel, column: Column) -> bool:
    """True for a figure that has no measure: an opening balance."""
    return column.kind.is_figure and column.name not in {each.name for each in model.measures}


def _type(column: Column) -> str:
    return _TYPES.get(column.type, "string")


def _scale(column: Column) -> str:
    if column.kind.is_figure:
        return "quantitative"
    return "ordinal" if column.type in _ORDINAL else "nominal"
