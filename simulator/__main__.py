"""`python -m simulator --plays 20000 --seed 7 --output DIR`: write exports of an imagined life."""

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from simulator.exports import Account, Export, Extended, Part, write_export
from simulator.world import END, START, imagine

Day = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"])]


PARTS: dict[str, Callable[[date], Part]] = {
    "endsong": lambda end: Extended("endsong", end),
    "extended_2023": lambda end: Extended("extended_2023", end),
    "extended_2024": lambda end: Extended("extended_2024", end),
    "extended_2026": lambda end: Extended("extended_2026", end),
    "account": Account,
    "account_mixed": lambda end: Account(end, mixed=True),
}
ERAS_HELP = f"What to export; may be repeated: {', '.join(PARTS)}."


def main(
    output: Annotated[Path, typer.Option(help="A folder, or a zip that ends in .zip.")],
    plays: Annotated[int, typer.Option(min=1)] = 20_000,
    seed: Annotated[int, typer.Option(help="The same seed makes the same files.")] = 7,
    era: Annotated[list[str] | None, typer.Option(help=ERAS_HELP)] = None,
    start: Day = datetime(START.year, START.month, START.day),
    end: Day = datetime(END.year, END.month, END.day),
) -> None:
    """Write the exports that Spotify would send to a listener who does not exist."""
    wanted = era or ["extended_2026", "account"]
    if unknown := [name for name in wanted if name not in PARTS]:
        raise typer.BadParameter(f"{', '.join(unknown)}: none of {', '.join(PARTS)}")
    world = imagine(plays, seed=seed, start=start.date(), end=end.date())
    parts = [PARTS[name](end.date()) for name in wanted]
    _show(write_export(world, output, parts))


def _show(export: Export) -> None:
    table = Table("file", "rows", title=str(export.path))
    for file in export.files:
        table.add_row(file.name, f"{file.rows:,}")
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
