"""The exception tree of the project; every error that a caller may meet is one of these.

    ReportingError
      SettingsError               a setting is missing or malformed
      EnvironmentNotReady         the machine lacks something that a command needs
      HomeInUse                   another process owns the embedded servers     (retryable)
      ServerFailed                an embedded server did not start or has died  (retryable)
      SourceError                 .domain
        SourceUnavailable         a source is down or too slow                  (retryable)
        SourceContractBroken      a source is not what the contract promises
        SourceWritable            the role may write to production
      DumpRefused                 a contract dump breaks the contract
      WarehouseError
        WarehouseUnavailable      the warehouse cannot be reached               (retryable)
        SchemaMismatch            the warehouse's schema is not this version's
      BuildFailed                 a report table was not built
      UnknownReport               no report table has that name
      DefinitionError
        UnknownDataset            no dataset, or no column of it, has that name
        UnknownDefinition         no report definition has that name
        DefinitionInvalid         a report definition asks for what cannot be had
      FormatCannotHold            a format cannot hold a report; another one can
      ExportIncomplete            a file would not hold what its table holds
      RenderFailed                a file could not be written
      FileUnreadable              a file to verify is none of ours, or damaged
      StoreError
        ObjectNotFound            the store holds nothing under that key
        StoreUnavailable          the store cannot be reached                   (retryable)
      ChannelFailed               a channel did not take an alert               (retryable)

What belongs here: classes and their meaning. What does not: discrepancies in the books, which are
values (`reporting_pipeline.domain.discrepancy`), and any logic of a caller.
"""

from collections.abc import Callable
from typing import Any


class ReportingError(Exception):
    """Base of all errors; `message` says what, which id, expected, found and the next step.

    Attributes:
        retryable: Whether the same call may succeed later without a change.
    """

    retryable = False

    def __init__(self, message: str, **facts: object) -> None:
        super().__init__(message)
        self.message = message
        self.facts = facts

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        # An exception with keyword arguments does not survive pickling by itself.
        return _rebuild, (type(self), self.message, self.facts)


def _rebuild(cls: type[ReportingError], message: str, facts: dict[str, object]) -> ReportingError:
    return cls(message, **facts)


class SettingsError(ReportingError):
    """A setting is missing or malformed."""


class EnvironmentNotReady(ReportingError):
    """The machine lacks what a command needs; the message holds the command that mends it."""


class HomeInUse(ReportingError):
    """Another process owns the embedded servers of this home."""

    retryable = True


class ServerFailed(ReportingError):
    """An embedded server did not start, or has died."""

    retryable = True


class SourceError(ReportingError):
    """Something is wrong with one of the four source domains; `facts["domain"]` names it."""


class SourceUnavailable(SourceError):
    """A source is down or too slow."""

    retryable = True


class SourceContractBroken(SourceError):
    """A source is not what the contract promises."""


class SourceWritable(SourceError):
    """The role that reads a source may write to it, which the pipeline refuses."""


class DumpRefused(ReportingError):
    """A contract dump breaks the contract; the message names table, line and reason."""


class WarehouseError(ReportingError):
    """Something is wrong with the warehouse."""


class WarehouseUnavailable(WarehouseError):
    """The warehouse cannot be reached."""

    retryable = True


class SchemaMismatch(WarehouseError):
    """The warehouse's schema is not the one that this version expects."""


class BuildFailed(ReportingError):
    """A report table was not built; its former rows stand."""


class UnknownReport(ReportingError):
    """No report table has that name."""


class DefinitionError(ReportingError):
    """Something is wrong with a report definition."""


class UnknownDataset(DefinitionError):
    """No dataset has that name, or no column of it."""


class UnknownDefinition(DefinitionError):
    """No report definition has that name."""


class DefinitionInvalid(DefinitionError):
    """A report definition asks for what cannot be had; the message names the field and why."""


class FormatCannotHold(ReportingError):
    """A format cannot hold a report; the message says its limit and which format can."""


class RenderFailed(ReportingError):
    """A file could not be written; nothing was published."""


class FileUnreadable(ReportingError):
    """A file that is to be verified is none of ours, or is damaged."""


class ExportIncomplete(ReportingError):
    """A file would not hold what its table holds; it was not published."""


class StoreError(ReportingError):
    """Something is wrong with the store that files go to."""


class ObjectNotFound(StoreError):
    """The store holds nothing under that key."""


class StoreUnavailable(StoreError):
    """The store cannot be reached."""

    retryable = True


class ChannelFailed(ReportingError):
    """A channel did not take an alert; `facts["is_refusal"]`: it found fault with the message."""

    retryable = True
