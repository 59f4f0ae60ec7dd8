"""What an error of PostgreSQL means: try again at once, the database is down, or bad data."""

from __future__ import annotations

import orjson
import psycopg
from psycopg import errors
from psycopg_pool import PoolClosed, PoolTimeout

from colecionador.domain.failures import ErrorType, Failure
from connectors.postgres.pool import NoAnswer

DATA_ERRORS = (
    psycopg.DataError,
    psycopg.IntegrityError,
    # A trigger of the database's owner that says no to a row.
    errors.RaiseException,
    # Text that no encoding of the wire takes, such as a lone surrogate; a number beyond any type.
    UnicodeError,
    orjson.JSONEncodeError,
    OverflowError,
)
"""Errors that a row's content caused: its neighbours can do without it."""

_SCHEMA_ERRORS = (
    errors.UndefinedTable,
    errors.UndefinedColumn,
    errors.InvalidColumnReference,
    errors.UndefinedFunction,
)


def is_conflict(error: psycopg.Error) -> bool:
    """Two transactions stood in each other's way: repeating at once is the remedy."""
    return isinstance(error, errors.DeadlockDetected | errors.SerializationFailure)


def is_lost_connection(error: psycopg.Error) -> bool:
    """The connection ended under our hands; a fresh one may well work.

    Whether the transaction was committed is then unknown, which is no harm: every write here may
    be repeated.
    """
    if isinstance(error, NoAnswer | PoolTimeout | PoolClosed):
        return False
    if isinstance(error, errors.AdminShutdown | errors.CrashShutdown):
        return True
    lost = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    return lost and error.sqlstate is None


def unavailable(error: psycopg.Error) -> Failure:
    """The database does not serve this call; whether it is down, a probe tells."""
    return Failure(ErrorType.DATABASE_UNAVAILABLE, f"PostgreSQL: {_remedy(error)}{said(error)}")


def bad_data(error: Exception) -> Failure:
    """The database refuses this row, with what it said."""
    return Failure(ErrorType.INTERNAL, f"PostgreSQL refuses the row: {said(error)}")


def said(error: Exception) -> str:
    """An error in one line: its name, its message, and the detail where there is one."""
    text = " ".join(str(error).split()) or "no message"
    return f"{type(error).__name__}: {text}"


def _remedy(error: psycopg.Error) -> str:
    if isinstance(error, _SCHEMA_ERRORS):
        return "tables are missing or of another version; run: augment init: "
    if isinstance(error, errors.InsufficientPrivilege):
        return "the user of AUGMENT_DATABASE_URL lacks a right; grant it: "
    if isinstance(error, PoolTimeout):
        return "every connection is busy; raise AUGMENT_DATABASE_POOL: "
    if isinstance(error, errors.ReadOnlySqlTransaction):
        return "this server takes no writes; point AUGMENT_DATABASE_URL at the primary: "
    return ""
