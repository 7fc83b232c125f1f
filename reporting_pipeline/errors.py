"""The exceptions of the project; every error that a caller can expect is one of these.

    ReportingError
      SettingsError               a setting is missing or malformed
      EnvironmentNotReady         a command needs something that the machine lacks
      HomeInUse                   another process owns the embedded servers     (retryable)
      ServerFailed                an embedded server did not start or has died  (retryable)
      SourceError                 .domain
        SourceUnavailable         a source is down or too slow                  (retryable)
        SourceContractBroken      a source differs from the contract
          SourceReplaced          a source lacks most of the rows that were landed from it
        SourceWritable            the reading role can write to a source
      DumpRefused                 a dump differs from the contract
      WarehouseError
        WarehouseUnavailable      the warehouse cannot be reached or fails      (retryable)
        SchemaMismatch            the warehouse has the schema of another version
        RolesMissing              the server lacks the role of readers
      BuildFailed                 a report table was not built
      PropertiesInvalid           a model is not described as it has to be
      UnknownReport               no report table has this name
      UnknownName                 no organisation or event has this name or id, or several have
      UnknownBreak                no such break is open or accepted
      UnknownFinding              no such finding about a source row is open or accepted
      DefinitionError
        UnknownDataset            no dataset or column has this name
        UnknownDefinition         no report definition has this name
        DefinitionInvalid         a report definition is not valid
      FigureTooLarge              a sum of a report leaves 64 bits
      PreviewTooSlow              a preview takes too long
      FormatCannotHold            a report exceeds the limits of a format
      ExportIncomplete            a file would lack rows of its table
      RenderFailed                a file could not be written
      FileUnreadable              a file is damaged or not from this pipeline
      FileExists                  a folder has another file of this name
      CurrenciesDiffer            amounts of several currencies would be mixed
      StoreError
        ObjectNotFound            the store has no object with this key
        StoreUnavailable          the store cannot be reached                   (retryable)
        FileLost                  a published file is gone or altered           (retryable)
      ChannelFailed               an alert channel did not accept a message     (retryable)
      CallRefused                 the API does not accept a call
        TokenRefused              a call has no token, or one that is not valid
        RoleTooLow                the role of the caller does not allow the call
        TooManyCalls              a caller has made all calls of the minute     (retryable)
        CallInvalid               a header, cursor or value of a call is not valid
        StateConflict             what is there does not allow the change
        VersionChanged            something has changed since the caller read it
      FileGone                    the file of a former edition was replaced
      IssuerUnavailable           the issuer of tokens cannot be reached          (retryable)
      UnknownWebhook              an organisation has no webhook with this id
      AddressRefused              a webhook's address is malformed or inside the network

Discrepancies in the books are values, not exceptions: see `reporting_pipeline.domain.discrepancy`.
"""

from collections.abc import Callable
from typing import Any


class ReportingError(Exception):
    """Base of all errors; the message says what is wrong, of which id, expected, found, next step.

    Attributes:
        message: The text for a person.
        facts: The same facts as values, by name.
        retryable: True if the same call can succeed later without a change.
    """

    retryable = False

    def __init__(self, message: str, **facts: object) -> None:
        super().__init__(message)
        self.message = message
        self.facts = facts

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        # By default an exception with keyword arguments cannot be unpickled.
        return _rebuild, (type(self), self.message, self.facts)


def _rebuild(cls: type[ReportingError], message: str, facts: dict[str, object]) -> ReportingError:
    return cls(message, **facts)


class SettingsError(ReportingError):
    """A setting is missing or malformed."""


class EnvironmentNotReady(ReportingError):
    """A command needs something that the machine lacks; the message says what to run."""


class HomeInUse(ReportingError):
    """Another process owns the embedded servers of this home."""

    retryable = True


class ServerFailed(ReportingError):
    """An embedded server did not start, or it has died."""

    retryable = True


class SourceError(ReportingError):
    """Something is wrong with a source database; `facts["domain"]` names the domain."""


class SourceUnavailable(SourceError):
    """A source database is down or too slow."""

    retryable = True


class SourceContractBroken(SourceError):
    """A source database differs from the contract."""


class SourceReplaced(SourceContractBroken):
    """A source database does not have most of the rows that were landed from it."""


class SourceWritable(SourceError):
    """The role that reads a source can write to it, which the pipeline does not accept."""


class DumpRefused(ReportingError):
    """A dump differs from the contract; the message names table, line and reason."""


class WarehouseError(ReportingError):
    """Something is wrong with the warehouse."""


class WarehouseUnavailable(WarehouseError):
    """The warehouse cannot be reached, or failed meanwhile: full, locked, a standby or down."""

    retryable = True


class SchemaMismatch(WarehouseError):
    """The warehouse has the schema of another version of the pipeline."""


class RolesMissing(WarehouseError):
    """The server lacks the role of readers; the message has the SQL that makes it."""


class BuildFailed(ReportingError):
    """A report table was not built; it keeps its former rows."""


class PropertiesInvalid(ReportingError):
    """A description of a model in dbt's YAML is not valid; the message names the field."""


class UnknownReport(ReportingError):
    """No report table has this name."""


class UnknownName(ReportingError):
    """No organisation or event has this name or id, or several have the name."""


class UnknownBreak(ReportingError):
    """No such break is open or accepted."""


class UnknownFinding(ReportingError):
    """No finding with these ids is open, or none is accepted."""


class DefinitionError(ReportingError):
    """Something is wrong with a report definition."""


class UnknownDataset(DefinitionError):
    """No dataset, or no column of the dataset, has this name."""


class UnknownDefinition(DefinitionError):
    """No report definition has this name."""


class DefinitionInvalid(DefinitionError):
    """A report definition is not valid; the message names the field and the reason."""


class FigureTooLarge(ReportingError):
    """A sum of a report leaves 64 bits; nothing was published."""


class PreviewTooSlow(ReportingError):
    """A preview takes too long."""


class FormatCannotHold(ReportingError):
    """A report exceeds the limits of a format; the message names a format that fits."""


class RenderFailed(ReportingError):
    """A file could not be written; nothing was published."""


class FileUnreadable(ReportingError):
    """A file to verify is damaged, or this pipeline did not write it."""


class FileExists(ReportingError):
    """A folder has another file of the name that a report's file would have there."""


class CurrenciesDiffer(ReportingError, TypeError):
    """Amounts of several currencies would be added or compared."""


class ExportIncomplete(ReportingError):
    """A file would lack rows of its table; it was not published."""


class StoreError(ReportingError):
    """Something is wrong with the store of report files."""


class ObjectNotFound(StoreError):
    """The store has no object with this key."""


class StoreUnavailable(StoreError):
    """The store cannot be reached."""

    retryable = True


class FileLost(StoreError):
    """The store has no file of a published report, or has other bytes; it is generated again."""

    retryable = True


class ChannelFailed(ReportingError):
    """An alert channel did not accept a message; `facts["is_refusal"]` is true if it refused."""

    retryable = True


class CallRefused(ReportingError):
    """The API does not accept a call; the subclass says why."""


class TokenRefused(CallRefused):
    """A call has no token, or one that is not valid now."""


class RoleTooLow(CallRefused):
    """The role of the caller does not allow the call."""


class TooManyCalls(CallRefused):
    """A caller has made all calls of the minute; `facts["seconds"]` says when the next one may."""

    retryable = True


class CallInvalid(CallRefused):
    """A header, a cursor or a value of a call is not valid."""


class StateConflict(CallRefused):
    """What is there does not allow the change."""


class VersionChanged(CallRefused):
    """Something has changed since the caller read it."""


class FileGone(ReportingError):
    """The file of a former edition was replaced by that of a later one."""


class IssuerUnavailable(ReportingError):
    """The issuer of the tokens cannot be reached, so no token can be checked."""

    retryable = True


class UnknownWebhook(ReportingError):
    """An organisation has no webhook with an id."""


class AddressRefused(ReportingError):
    """A webhook's address is malformed, or is inside the network."""
