"""dbt's description of the report models follows the registry."""

from reporting_pipeline.reports.dbt_properties import PROPERTIES_FILE, dbt_properties


def test_properties_file_is_generated_from_the_registry_of_today() -> None:
    assert PROPERTIES_FILE.read_text(encoding="utf-8") == dbt_properties(), (
        "run `python -m reporting_pipeline.reports.dbt_properties`"
    )
