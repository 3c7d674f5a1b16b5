"""`make bench-warehouses`: 1,000,000 plays into each warehouse that runs here, and what it takes.

Peak memory is that of our processes: the warehouse is another program. Postgres is real, the lake
is DuckLake over moto's S3; BigQuery and Snowflake are emulators, whose speed says nothing, so
nothing is built there.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from tests.bench.files import database, make_files
from tests.bench.measuring import ours
from tests.warehouses import bigquery_emulator, snowflake_emulator
from tests.warehouses.server import run_server
from tests.warehouses.simulated_aws import make_bucket, simulated_aws


@contextmanager
def postgres(_folder: Path) -> Iterator[dict[str, Any]]:
    with run_server() as server:
        yield {"postgres_url": f"{server}/postgres"}


@contextmanager
def lake(folder: Path) -> Iterator[dict[str, Any]]:
    with simulated_aws(folder / "log", "unused") as settings:
        make_bucket(settings, "music")
        catalogue = folder / "catalogue.ducklake"
        yield {"lake_path": "s3://music/lake", "lake_catalog": catalogue, **settings}


@contextmanager
def bigquery(folder: Path) -> Iterator[dict[str, Any]]:
    with bigquery_emulator.run_emulator(folder) as emulator:
        yield emulator.settings


@contextmanager
def snowflake(folder: Path) -> Iterator[dict[str, Any]]:
    with snowflake_emulator.run_emulator(folder) as emulator:
        yield emulator.settings


WAREHOUSES: Final[dict[str, Callable[[Path], AbstractContextManager[dict[str, Any]]]]] = {
    "postgres": postgres,
    "lake": lake,
    "bigquery": bigquery,
    "snowflake": snowflake,
}
EMULATED: Final = ("bigquery", "snowflake")


def main() -> None:
    console = Console(highlight=False)
    million, *_ = make_files()
    table = Table("1,000,000 plays", "seconds", "peak MB")
    for warehouse, running in WAREHOUSES.items():
        with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as settings:
            variables = {name.upper(): str(value) for name, value in settings.items()}
            home = database(warehouse)
            shutil.rmtree(home.parent, ignore_errors=True)
            for verb in ("ingest",) if warehouse in EMULATED else ("ingest", "build"):
                exports = [million] if verb == "ingest" else []
                measured = ours(
                    verb,
                    home,
                    *exports,
                    python=sys.executable,
                    WAREHOUSE=warehouse,
                    **variables,
                )
                row = (f"{warehouse}: {verb}", f"{measured.seconds:.1f}")
                table.add_row(*row, f"{measured.megabytes:,.0f}")
                console.print(*row, f"{measured.megabytes:,.0f} MB")
    console.print(table)


if __name__ == "__main__":
    main()
