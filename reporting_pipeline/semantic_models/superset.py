"""Apache Superset: a bundle of datasets, for its import API (`POST /api/v1/dataset/import/`).

Each measure is a metric with its own SQL, so the rules hold in every chart and filter. A user who
writes an aggregate of a column by hand leaves them: for that reason figures are not offered for
grouping. The bundle has no password; Superset asks for it at the import.
"""

import io
import zipfile
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid5

import yaml

from reporting_pipeline.registry.bi_views import bi_version
from reporting_pipeline.registry.columns import Column, Unit
from reporting_pipeline.report_definitions.additivity import currency_column
from reporting_pipeline.semantic_models.place import Place
from reporting_pipeline.semantic_models.postgres_sql import aggregate
from reporting_pipeline.semantic_models.semantic_model import (
    Measure,
    SemanticModel,
    is_time,
    label_of,
)

BUNDLE = "reporting_bi.zip"
"""The file of the bundle."""

# The same ids at each export: a second import replaces, and adds nothing.
_IDS = UUID("5a1a7e0c-6d4e-4c39-8f0e-2f6f3a5c9b11")
_FOLDER = "reporting_bi"
_DATABASE = "reporting"
_FORMATS = {Unit.RATE: ".1%", Unit.COUNT: ",d", Unit.MINOR: ",d", None: ""}


def files(models: Sequence[SemanticModel], place: Place) -> dict[str, bytes]:
    """The bundle, by its file name."""
    content: dict[str, Any] = {
        "metadata.yaml": {
            "version": "1.0.0",
            "type": "SqlaTable",
            "timestamp": "2000-01-01T00:00:00+00:00",  # no clock: the bundle keeps its bytes
        },
        f"databases/{_DATABASE}.yaml": _database(place),
    }
    for model in models:
        content[f"datasets/{_DATABASE}/{model.name}.yaml"] = _dataset(model, place)
    return {BUNDLE: _zipped(content)}


def _zipped(content: dict[str, Any]) -> bytes:
    bundle = io.BytesIO()
    with zipfile.ZipFile(bundle, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, tree in sorted(content.items()):
            entry = zipfile.ZipInfo(f"{_FOLDER}/{name}", date_time=(2000, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, yaml.safe_dump(tree, sort_keys=False, allow_unicode=True))
    return bundle.getvalue()


def _database(place: Place) -> dict[str, Any]:
    user = f"{place.user}:XXXXXXXXXX"  # Superset's sign for a password that it asks for
    return {
        "database_name": "Reporting",
        "sqlalchemy_uri": f"postgresql+psycopg2://{user}@{place.host}:{place.port}/{place.database}",
        "cache_timeout": None,
        "expose_in_sqllab": True,
        "allow_run_async": False,
        "allow_ctas": False,
        "allow_cvas": False,
        "allow_dml": False,
        "allow_csv_upload": False,
        "extra": {"allows_virtual_table_explore": True},
        "uuid": str(uuid5(_IDS, "database")),
        "version": "1.0.0",
    }


def _dataset(model: SemanticModel, place: Place) -> dict[str, Any]:
    return {
        "table_name": model.name,
        "main_dttm_col": model.day,
        "currency_code_column": currency_column(model.view),
        "description": model.description,
        "offset": 0,
        "cache_timeout": None,
        "schema": place.schema,
        "sql": None,
        "params": None,
        "template_params": None,
        "filter_select_enabled": True,
        "extra": {"certification": {"certified_by": f"reporting_bi, version {bi_version()}"}},
        "uuid": str(uuid5(_IDS, model.name)),
        "metrics": [_metric(model, each) for each in model.measures],
        "columns": [_column(each) for each in model.view.columns],
        "version": "1.0.0",
        "database_uuid": str(uuid5(_IDS, "database")),
    }


def _metric(model: SemanticModel, measure: Measure) -> dict[str, Any]:
    return {
        "metric_name": measure.name,
        "verbose_name": measure.label,
        "metric_type": None,
        "expression": aggregate(model, measure),
        "description": measure.description,
        "d3format": _FORMATS[measure.unit],
        "extra": {},
        "warning_text": None,
    }


def _column(column: Column) -> dict[str, Any]:
    return {
        "column_name": column.name,
        "verbose_name": label_of(column.name, column.unit),
        "is_dttm": is_time(column),
        "is_active": True,
        "type": column.type.value.upper(),
        "groupby": not column.kind.is_figure,
        "filterable": True,
        "expression": None,
        "description": column.description,
        "python_date_format": None,
        "extra": {},
    }
