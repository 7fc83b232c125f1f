"""A caller sees what reports are made of, and no rows of any organisation."""

from reporting_pipeline.registry.datasets import DATASETS, dataset
from reporting_pipeline.serving.api.tokens import Role
from reporting_pipeline_tests.sample_reports import TOKYO
from reporting_pipeline_tests.serving.api.api_caller import ApiCaller


def test_all_datasets_are_listed(api: ApiCaller) -> None:
    found = api.get("/datasets").json()["items"]

    assert [each["name"] for each in found] == [each.name for each in DATASETS]


def test_a_dataset_describes_its_columns(api: ApiCaller) -> None:
    found = api.get("/datasets/revenue_daily").json()

    columns = {each["name"]: each for each in found["columns"]}
    assert list(columns) == [each.name for each in dataset("revenue_daily").columns]
    assert columns["gross_minor"]["kind"] == "measure"
    assert (columns["gross_minor"]["type"], columns["gross_minor"]["unit"]) == ("bigint", "minor")
    assert columns["gross_minor"]["description"]


def test_a_column_says_over_what_it_is_not_summed(api: ApiCaller) -> None:
    [name, column] = next(
        (each.name, column) for each in DATASETS for column in each.columns if column.not_over
    )

    found = api.get(f"/datasets/{name}").json()["columns"]

    shown = next(each for each in found if each["name"] == column.name)
    assert shown["not_over"] == list(column.not_over)


def test_a_viewer_of_each_organisation_sees_the_same(api: ApiCaller) -> None:
    tokyo = api.token(TOKYO, Role.VIEWER)

    own = api.get("/datasets/revenue_daily", token=api.token(role=Role.VIEWER))
    other = api.get("/datasets/revenue_daily", token=tokyo, organization_id=TOKYO)

    assert (own.status_code, own.json()) == (200, other.json())
    assert api.get("/datasets", token=tokyo).status_code == 404


def test_an_unknown_dataset_is_not_found(api: ApiCaller) -> None:
    assert api.get("/datasets/none").status_code == 404


def test_a_dataset_that_the_caller_has_is_not_sent_again(api: ApiCaller) -> None:
    tag = api.get("/datasets").headers["etag"]

    assert api.get("/datasets", headers={"If-None-Match": tag}).status_code == 304
