"""Plain values that are written as YAML are read as the same values."""

from hypothesis import given
from hypothesis import strategies as st

from reporting_pipeline.report_definitions.document import invalid_values, read_text, yaml_text
from reporting_pipeline_tests.hostile import hostile_strings

_TEXTS = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=40)
_LOOKALIKES = st.sampled_from(
    (
        "no",
        "yes",
        "null",
        "~",
        "true",
        "True",
        "1",
        "-0",
        "1e5",
        ".nan",
        "0x1F",
        "1_000",
        "012",
        "2026-02-28",
        "12:30:00",
        "<<",
        "=",
        "#a",
        "&a",
        "*a",
        "!a",
        "%a",
        "@a",
        "- a",
        "a: b",
        "[a]",
    )
)
_SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | _TEXTS | _LOOKALIKES
_TREES = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(_TEXTS | _LOOKALIKES, inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.dictionaries(_TEXTS | _LOOKALIKES, _TREES, max_size=4))
def test_written_values_are_read_as_the_same(tree: dict[str, object]) -> None:
    assert read_text(yaml_text(tree)) == tree


def test_hostile_strings_are_kept_or_refused() -> None:
    trees: list[dict[str, object]] = [{"label": each, each: [each]} for each in hostile_strings()]
    readable = [tree for tree in trees if not invalid_values(tree)]
    assert [tree for tree in readable if read_text(yaml_text(tree)) != tree] == []
    assert len(readable) > len(trees) / 2
