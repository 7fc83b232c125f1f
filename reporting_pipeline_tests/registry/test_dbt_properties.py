"""dbt's description of the models follows the registries."""

from reporting_pipeline.registry.dbt_properties import dbt_properties


def test_properties_files_are_generated_from_the_registries_of_today() -> None:
    for path, text in dbt_properties().items():
        assert path.read_text(encoding="utf-8") == text, (
            "run `python -m reporting_pipeline.registry.dbt_properties`"
        )
