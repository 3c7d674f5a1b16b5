"""`python -m simulator --plays 20000 --seed 7 --output DIR`: write exports of an imagined life."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from simulator.exports import Account, Export, Extended, Part, write_export
from simulator.world import END, START, imagine

Day = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"])]


EraOption = Literal[
    "endsong", "extended_2023", "extended_2024", "extended_2026", "account", "account_mixed"
]


def main(
    output: Annotated[Path, typer.Option(help="A folder, or a zip that ends in .zip.")],
    plays: Annotated[int, typer.Option(min=1)] = 20_000,
    seed: Annotated[int, typer.Option(help="The same seed makes the same files.")] = 7,
    era: Annotated[
        list[EraOption] | None, typer.Option(help="What to export; may be repeated.")
    ] = None,
    start: Day = datetime(START.year, START.month, START.day),
    end: Day = datetime(END.year, END.month, END.day),
) -> None:
    """Write the exports that Spotify would send to a listener who does not exist."""
    world = imagine(plays, seed=seed, start=start.date(), end=end.date())
    parts = [_part(option, end) for option in era or ("extended_2026", "account")]
    _show(write_export(world, output, parts))


def _part(option: EraOption, end: datetime) -> Part:
    match option:
        case "account":
            return Account(until=end.date())
        case "account_mixed":
            return Account(until=end.date(), mixed=True)
        case _:
            return Extended(option)


def _show(export: Export) -> None:
    table = Table("file", "rows", title=str(export.path))
    for file in export.files:
        table.add_row(file.name, f"{file.rows:,}")
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
