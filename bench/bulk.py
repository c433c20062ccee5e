"""Many rows at once, made by the database itself.

Indexes are left out meanwhile and made again at the end, and foreign keys are not looked at: a million rows in under
a minute, exactly as if they had come one by one.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection, models, transaction

WORK_MEMORY = "256MB"


@contextmanager
def unhindered(*tables: type[models.Model]) -> Iterator[None]:
    """Rows of these tables are made within it, in one transaction.

    Afterwards they are as if they had always been there: indexed, counted and marked as seen by everybody.
    """
    names = [model._meta.db_table for model in tables]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(f"SET LOCAL maintenance_work_mem = '{WORK_MEMORY}'")
        cursor.execute(
            "SELECT quote_ident(c.relname), pg_get_indexdef(i.indexrelid) FROM pg_index i"
            " JOIN pg_class c ON c.oid = i.indexrelid WHERE NOT i.indisprimary"
            " AND i.indrelid = ANY(SELECT to_regclass(name) FROM unnest(%s::text[]) AS name)"
            " AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = i.indexrelid)",
            [names],
        )
        indexes = cursor.fetchall()
        for name, _ in indexes:
            cursor.execute(f"DROP INDEX {name}")
        yield
        for _, definition in indexes:
            cursor.execute(definition)
    with connection.cursor() as cursor:
        for name in names:
            cursor.execute(f"VACUUM (ANALYZE) {name}")


def fill(model: type[models.Model], count: int, /, *, joined: str = "", **values: str) -> range:
    """``count`` rows; ``values`` are SQL expressions of ``n`` (1 to ``count``) by column. Returns their ids.

    Columns that aren't named get the field's own default, so that a new column breaks nothing. ``joined`` is joined
    to the numbers and may name what several expressions share.
    """
    columns: list[str] = []
    expressions: list[str] = []
    constants: list[Any] = []
    for field in model._meta.concrete_fields:
        if field.primary_key:
            continue
        column = str(field.column)
        columns.append(f'"{column}"')
        if column in values:
            expressions.append(f"({_literal(values.pop(column))})")
        else:
            expressions.append("%s")
            constants.append(field.get_db_prep_save(field.get_default(), connection))
    if values:
        raise TypeError(f"{model.__name__} has no {', '.join(sorted(values))}")
    table = model._meta.db_table
    statement = (
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(expressions)}"  # noqa: S608  our own columns
        f" FROM generate_series(1, {count}) AS n {_literal(joined)} ORDER BY n"
    )
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT coalesce(max(id), 0) FROM {table}")  # noqa: S608
        first = int(cursor.fetchone()[0]) + 1
        cursor.execute(statement, constants)
        cursor.execute(f"SELECT coalesce(max(id), 0) FROM {table}")  # noqa: S608
        last = int(cursor.fetchone()[0])
    if last - first + 1 != count:
        first = last - count + 1
    return range(first, last + 1)


def choose(options: Sequence[str], by: str) -> str:
    """One of these texts, by a number."""
    array = ", ".join("'" + option.replace("'", "''") + "'" for option in options)
    return f"(ARRAY[{array}])[1 + ({by})::int % {len(options)}]"


def _literal(expression: str) -> str:
    """Percent signs of ours are no places for values."""
    return expression.replace("%", "%%")
