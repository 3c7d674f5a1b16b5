"""An imagined life from the command line.

python -m simulator --plays 20000 --seed 7 --output DIR    write its exports
python -m simulator serve --port 8899                      serve it as a Spotify account
"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from time import sleep
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from simulator.exports import Account, Export, Extended, Part, write_export
from simulator.web_api import Contract, serve
from simulator.world import END, START, imagine

app = typer.Typer(add_completion=False)
Day = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"])]
Instant = Annotated[
    datetime | None,
    typer.Option(
        formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"],
        help="UTC, where the clock starts. Default: the end of the life.",
    ),
]

PARTS: dict[str, Callable[[date], Part]] = {
    "endsong": lambda end: Extended("endsong", end),
    "extended_2023": lambda end: Extended("extended_2023", end),
    "extended_2024": lambda end: Extended("extended_2024", end),
    "extended_2026": lambda end: Extended("extended_2026", end),
    "account": Account,
    "account_mixed": lambda end: Account(end, mixed=True),
}
ERAS_HELP = f"What to export; may be repeated: {', '.join(PARTS)}."


@app.callback(invoke_without_command=True)
def export(
    context: typer.Context,
    output: Annotated[
        Path | None, typer.Option(help="A folder, or a zip that ends in .zip.")
    ] = None,
    plays: Annotated[int, typer.Option(min=1)] = 20_000,
    seed: Annotated[int, typer.Option(help="The same seed makes the same files.")] = 7,
    era: Annotated[list[str] | None, typer.Option(help=ERAS_HELP)] = None,
    start: Day = datetime(START.year, START.month, START.day),
    end: Day = datetime(END.year, END.month, END.day),
) -> None:
    """Write the exports that Spotify would send to a listener who does not exist."""
    if context.invoked_subcommand:
        return
    if output is None:
        raise typer.BadParameter("say with --output where to write, or --help")
    wanted = era or ["extended_2026", "account"]
    if unknown := [name for name in wanted if name not in PARTS]:
        raise typer.BadParameter(f"{', '.join(unknown)}: none of {', '.join(PARTS)}")
    world = imagine(plays, seed=seed, start=start.date(), end=end.date())
    parts = [PARTS[name](end.date()) for name in wanted]
    _show(write_export(world, output, parts))


@app.command("serve")
def serve_world(
    port: Annotated[int, typer.Option(help="On 127.0.0.1.")] = 8899,
    contract: Annotated[Contract, typer.Option(help="What the app may ask.")] = "development",
    plays: Annotated[int, typer.Option(min=1)] = 20_000,
    seed: Annotated[int, typer.Option(help="The same seed makes the same life.")] = 7,
    now: Instant = None,
) -> None:
    """Serve the life as a Spotify account, in real time, until Ctrl+C."""
    world = imagine(plays, seed=seed)
    start = (now or datetime(END.year, END.month, END.day)).replace(tzinfo=UTC)
    with serve(world, now=start, contract=contract, ticking=True, port=port) as service:
        for name, value in service.environment.items():
            typer.echo(f"export {name}={value}")
        typer.echo(f"# it is {start:%Y-%m-%d %H:%M} UTC there; Ctrl+C ends it")
        try:
            while True:
                sleep(3600)
        except KeyboardInterrupt:
            typer.echo("# ended")


def _show(export: Export) -> None:
    table = Table("file", "rows", title=str(export.path))
    for file in export.files:
        table.add_row(file.name, f"{file.rows:,}")
    Console().print(table)


if __name__ == "__main__":
    app()
