"""Import the bundle into a running Apache Superset, and compare its charts with our reports.

    reporting exec -- python -m reporting_pipeline_tests.bench.superset http://127.0.0.1:8088

With `--organization ID`, Superset logs in to the warehouse as the BI role of that organisation, and
every row of another one is a difference.

Superset's account is `admin` with the password `admin`: it is one that is thrown away. Each view
gets a chart with all of its measures, by organisation and by what must stay apart (currencies and
so on), and all charts are on one dashboard. Each number is compared with that of a report of the
same dataset. The exit code is 1 if one differs, or if a view has no rows to compare.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
import requests
from sqlalchemy import URL

from reporting_pipeline.building.bi_roles import bi_roles, grant, revoke, role_name
from reporting_pipeline.semantic_models import superset
from reporting_pipeline.semantic_models.place import Place
from reporting_pipeline.semantic_models.semantic_model import (
    Rule,
    SemanticModel,
    semantic_models,
)
from reporting_pipeline.settings import Settings
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.semantic_models.report_figures import (
    groups_of,
    in_reports,
    report_rows,
)

_TIMEOUT_SECONDS = 120
_ORGANIZATION = "organization_id"
_WIDTH, _HEIGHT = 12, 40
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Superset:
    """The API of a running Superset."""

    address: str
    session: requests.Session

    @classmethod
    def login(cls, address: str) -> "Superset":
        """Log in as the account of a Superset that is thrown away."""
        found = cls(address, requests.Session())
        account = {"username": "admin", "password": "admin", "provider": "db", "refresh": True}
        token = found.post("security/login", account)["access_token"]
        found.session.headers["Authorization"] = f"Bearer {token}"
        return found

    def post(self, path: str, body: object) -> Any:
        """Send a request, and return its answer."""
        return self._answer("post", path, json=body)

    def put(self, path: str, body: object) -> Any:
        """Change something, and return the answer."""
        return self._answer("put", path, json=body)

    def get(self, path: str) -> Any:
        """Ask, and return the answer."""
        return self._answer("get", path)

    def import_bundle(self, bundle: bytes, password: str) -> None:
        """Import datasets with their metrics, in place of former ones."""
        self._answer(
            "post",
            "dataset/import/",
            files={"formData": (superset.BUNDLE, bundle, "application/zip")},
            data={
                "passwords": json.dumps({"databases/reporting.yaml": password}),
                "overwrite": "true",
            },
        )

    def _answer(self, method: str, path: str, **body: Any) -> Any:
        url = f"{self.address}/api/v1/{path}"
        answer = self.session.request(method, url, timeout=_TIMEOUT_SECONDS, **body)
        if not answer.ok:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer.json()


def main(arguments: Sequence[str]) -> int:
    """Import, make the charts and compare; 0 if every number is equal."""
    options = _parser().parse_args(arguments)
    address, organization_id = options.address, options.organization
    warehouse = Settings.from_environment().warehouse_url()
    login = warehouse if organization_id is None else _bi_login(warehouse, organization_id)
    api = Superset.login(address)
    place = _place(login)
    bundle = superset.files(semantic_models(), place)[superset.BUNDLE]
    api.import_bundle(bundle, str(login.password))
    datasets = {
        each["table_name"]: each["id"]
        for each in api.get("dataset/?q=(page_size:100)")["result"]
        if each["schema"] == place.schema
    }
    charts = {model.name: _chart(api, model, datasets[model.name]) for model in semantic_models()}
    dashboard = _dashboard(api, charts)
    with warehouse_connection(warehouse) as connection:
        faults = [
            fault
            for model in semantic_models()
            for fault in _compared(api, connection, model, datasets[model.name], organization_id)
        ]
    sys.stdout.write("".join(f"{fault}\n" for fault in faults))
    sys.stdout.write(f"{len(faults)} differences; {address}/superset/dashboard/{dashboard}/\n")
    return 1 if faults else 0


def _bi_login(warehouse: URL, organization_id: UUID) -> URL:
    """The address of the warehouse for the BI role of an organisation, which is made anew."""
    with warehouse_connection(warehouse) as connection:
        if role_name(organization_id) in {each.name for each in bi_roles(connection)}:
            revoke(connection, organization_id)
        role = grant(connection, organization_id)
    return warehouse.set(username=role.name, password=role.password)


def _place(warehouse: URL) -> Place:
    return Place(
        host=str(warehouse.host),
        port=warehouse.port or 5432,
        database=str(warehouse.database),
        user=str(warehouse.username),
    )


def _group(model: SemanticModel) -> list[str]:
    has_event = any(each.name == "event_id" for each in model.view.columns)
    group = groups_of(model) if has_event else ("table_name",)
    return [_ORGANIZATION, *group]


def _chart(api: Superset, model: SemanticModel, dataset_id: int) -> int:
    shown = [each.name for each in model.measures][:6]
    params = {
        "datasource": f"{dataset_id}__table",
        "viz_type": "table",
        "query_mode": "aggregate",
        "groupby": ["organization_name", *_group(model)[1:]],
        "metrics": shown,
        "row_limit": 1000,
        "time_range": "No filter",
    }
    chart = {
        "slice_name": model.view.title,
        "viz_type": "table",
        "datasource_id": dataset_id,
        "datasource_type": "table",
        "params": json.dumps(params),
    }
    return int(api.post("chart/", chart)["id"])


def _dashboard(api: Superset, charts: dict[str, int]) -> int:
    position: dict[str, Any] = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"type": "ROOT", "id": "ROOT_ID", "children": ["GRID_ID"]},
        "GRID_ID": {"type": "GRID", "id": "GRID_ID", "parents": ["ROOT_ID"], "children": []},
    }
    for name, chart_id in charts.items():
        row, cell = f"ROW-{name}", f"CHART-{name}"
        position["GRID_ID"]["children"].append(row)
        position[row] = {
            "type": "ROW",
            "id": row,
            "children": [cell],
            "parents": ["ROOT_ID", "GRID_ID"],
            "meta": {"background": "BACKGROUND_TRANSPARENT"},
        }
        position[cell] = {
            "type": "CHART",
            "id": cell,
            "children": [],
            "parents": ["ROOT_ID", "GRID_ID", row],
            "meta": {"chartId": chart_id, "width": _WIDTH, "height": _HEIGHT},
        }
    made = api.post(
        "dashboard/",
        {
            "dashboard_title": "Reporting",
            "published": True,
            "position_json": json.dumps(position),
        },
    )
    for chart_id in charts.values():
        api.put(f"chart/{chart_id}", {"dashboards": [made["id"]]})
    return int(made["id"])


def _compared(
    api: Superset,
    connection: psycopg.Connection,
    model: SemanticModel,
    dataset_id: int,
    organization_id: UUID | None,
) -> list[str]:
    """The differences between a chart and our figures; prints how many numbers were compared."""
    shown = _shown(api, model, dataset_id)
    expected = {
        key: figures
        for key, figures in _expected(connection, model).items()
        if organization_id is None or key[0] == str(organization_id)
    }
    faults = [
        f"{model.name} {key} {name}: Superset {shown.get(key, {}).get(name)}, ours {value}"
        for key, figures in expected.items()
        for name, value in figures.items()
        if _number(shown.get(key, {}).get(name)) != _number(value)
    ]
    faults += [f"{model.name} {key}: only in Superset" for key in shown.keys() - expected.keys()]
    count = sum(map(len, expected.values()))
    sys.stdout.write(f"{model.name}: {count} numbers in {len(expected)} groups\n")
    return faults or ([] if expected else [f"{model.name}: no rows to compare"])


def _shown(
    api: Superset, model: SemanticModel, dataset_id: int
) -> dict[tuple[str, ...], dict[str, Any]]:
    group, names = _group(model), [each.name for each in model.measures]
    query = {
        "datasource": {"id": dataset_id, "type": "table"},
        "queries": [{"columns": group, "metrics": names, "row_limit": 50_000, "orderby": []}],
        "result_format": "json",
        "result_type": "full",
        "force": True,
    }
    [result] = api.post("chart/data", query)["result"]
    return {
        tuple(_shown_text(row[name]) for name in group): {name: row[name] for name in names}
        for row in result["data"]
    }


def _expected(
    connection: psycopg.Connection, model: SemanticModel
) -> dict[tuple[str, ...], dict[str, Any]]:
    rows = connection.execute("select distinct organization_id from reporting.report_sales_daily")
    if model.day is None or not in_reports(model):
        return _sums(connection, model)
    return {
        (str(organization_id), *map(_shown_text, key)): figures
        for (organization_id,) in rows.fetchall()
        for key, figures in report_rows(connection, model, UUID(str(organization_id))).items()
    }


def _sums(
    connection: psycopg.Connection, model: SemanticModel
) -> dict[tuple[str, ...], dict[str, Any]]:
    """Of a view that no report groups in this way: plain sums of the dataset."""
    group = _group(model)
    names = [each.name for each in model.measures if each.rule is not Rule.DISTINCT]
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    columns = ", ".join([*group, *names])
    statement = f"select {columns} from datasets.{model.name}"  # noqa: S608
    for row in connection.execute(statement.encode()):
        key = tuple(_shown_text(value) for value in row[: len(group)])
        sums = found.setdefault(key, dict.fromkeys(names))
        for name, value in zip(names, row[len(group) :], strict=True):
            sums[name] = sums[name] if value is None else (sums[name] or 0) + value
    return found


def _shown_text(value: object) -> str:
    """A key as text: Superset's JSON shows a day as milliseconds since 1970."""
    if isinstance(value, date):
        return str((value - _EPOCH) // timedelta(milliseconds=1))
    return str(int(value)) if isinstance(value, float) else str(value)


def _number(value: object) -> Decimal | None:
    return None if value is None else round(Decimal(str(value)), 6)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address", help="of the running Superset")
    parser.add_argument("--organization", type=UUID, help="log in as its BI role")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
