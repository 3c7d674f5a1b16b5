"""A database of Glue's, the catalogue that Athena reads.

A table is replaced in one call, columns, place and partitions at once: a query sees the old files
or the new ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from botocore.exceptions import ClientError

from ingestion.errors import UserError
from ingestion.publish.athena_tables import OURS, Table
from ingestion.publish.bucket import client_of
from ingestion.settings import Settings

[(_MARK, _BY)] = OURS.items()
_NONE_OF_THE_NAME: Final = "EntityNotFoundException"


class GlueDatabase:
    """The tables of one database.

    Args:
        settings: by which Glue is found and signed in to.
        name: of the database.
    """

    def __init__(self, settings: Settings, name: str) -> None:
        self._glue = client_of(settings, "glue")
        self._name = name

    def refuse_what_is_not_ours(self, names: Iterable[str]) -> None:
        """See to it that tables of these names may be made or replaced.

        Raises:
            UserError: one is somebody's.
        """
        tables = self._tables()
        for name in names:
            if name in tables and not tables[name]:
                raise UserError(
                    f"the table {name} of Glue's database {self._name} was not published by"
                    " spotify-elt: give another --glue-database, or drop it"
                )

    def point_to(self, tables: Iterable[Table]) -> None:
        """Make or replace the tables, and drop those of ours whose mart is no more."""
        present = self._tables()
        if not present:
            self._make()
        given = {table.name: table.for_glue() for table in tables}
        for name, table in given.items():
            if name in present:
                self._glue.update_table(DatabaseName=self._name, TableInput=table, SkipArchive=True)
            else:
                self._glue.create_table(DatabaseName=self._name, TableInput=table)
        for name, is_ours in present.items():
            if is_ours and name not in given:
                self._glue.delete_table(DatabaseName=self._name, Name=name)

    def _tables(self) -> dict[str, bool]:
        """Each table, and whether it is ours; none without the database."""
        try:
            pages = list(self._glue.get_paginator("get_tables").paginate(DatabaseName=self._name))
        except ClientError as error:
            if error.response["Error"]["Code"] == _NONE_OF_THE_NAME:
                return {}
            raise
        found: list[dict[str, Any]] = [table for page in pages for table in page["TableList"]]
        return {table["Name"]: table.get("Parameters", {}).get(_MARK) == _BY for table in found}

    def _make(self) -> None:
        try:
            self._glue.get_database(Name=self._name)
        except ClientError as error:
            if error.response["Error"]["Code"] != _NONE_OF_THE_NAME:
                raise
            description = "Listening history, published by spotify-elt."
            self._glue.create_database(
                DatabaseInput={"Name": self._name, "Description": description}
            )
