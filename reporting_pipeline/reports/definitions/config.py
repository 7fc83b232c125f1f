"""What a report definition may say: its `config`, as a strict schema.

What belongs here: the schema. What does not: compiling it (`compile`).
"""

from pydantic import BaseModel, ConfigDict


class ReportConfig(BaseModel):
    """The config of a report definition; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    dataset: str
