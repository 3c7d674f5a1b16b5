"""The command line. What is asked often is a target of the Makefile too, by the same name."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from ingestion.errors import UserError, WarehouseError
from ingestion.logs import configure_logs
from ingestion.settings import PROJECT_ROOT, Settings, load_log_settings, load_settings

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="""Own your Spotify history: every play, counted once, in a warehouse.

    `spotify-elt run --export my_spotify_data.zip` loads the export, builds and tests the marts,
    and says what it found. Run it again at any time: only what is new is loaded.

    `spotify-elt login`, once, and each run asks Spotify as well, for the plays since.

    Every option is also a variable, in the environment or in `.env`: EXPORT, LISTENER,
    LISTENER_TIMEZONE, WAREHOUSE, DUCKDB_PATH, POSTGRES_URL. `ingestion/settings.py` explains them.
    """,
)

publish_app = typer.Typer(no_args_is_help=True, help="Copy what there is to where others read.")
app.add_typer(publish_app, name="publish")

console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)

ExportOption = Annotated[
    list[Path] | None,
    typer.Option("--export", help="Zip, folder or file; may be repeated. Default: data/exports."),
]
ListenerOption = Annotated[
    str | None, typer.Option("--listener", help="Whose history it is. Default: me.")
]
ZoneOption = Annotated[
    str | None,
    typer.Option("--timezone", help="The listener's IANA zone. Default: this machine's."),
]
FullRefreshOption = Annotated[
    bool, typer.Option("--full-refresh", help="Compute every month anew, not just what changed.")
]


@app.callback()
def _options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    log_level: Annotated[
        str | None, typer.Option(help="DEBUG, INFO, WARNING or ERROR. Default: WARNING.")
    ] = None,
    log_file: Annotated[
        Path | None, typer.Option(help="A file for the log, beside the terminal.")
    ] = None,
    log_json: Annotated[bool, typer.Option("--log-json", help="The log as JSON lines.")] = False,
) -> None:
    if debug:
        os.environ["SPOTIFY_ELT_DEBUG"] = "1"
    configure_logs(
        load_log_settings(
            log_level=log_level, log_file=log_file, log_format="json" if log_json else None
        )
    )


@app.command()
def run(
    export: ExportOption = None,
    listener: ListenerOption = None,
    timezone: ZoneOption = None,
    full_refresh: FullRefreshOption = False,
) -> None:
    """Load what is new, build and test the marts, say what was found."""
    _run(_settings(export, listener, timezone), full_refresh=full_refresh)


@app.command()
def demo() -> None:
    """The same for a simulated listener, if you have no export yet."""
    from simulator import demo as write_demo
    from simulator import demo_world
    from simulator.web_api import serve

    folder = PROJECT_ROOT / "data" / "demo"
    exports = folder / "exports"
    with _progress("Imagining a listener") as show:
        show(0, 1, "six years of a life")
        world = demo_world()
        if not exports.exists():
            unfinished = folder / "exports.unfinished"
            write_demo(unfinished, world)
            unfinished.rename(exports)
    # never among the rows of a real listener, unless that is asked for
    chosen = os.environ.get("DUCKDB_PATH")
    prefix = "demo_" if load_settings().is_on_a_server else None
    now = world.plays[-1].ended_at + timedelta(hours=1)
    with serve({"demo": world}, now=now, contract="extended") as spotify:
        settings = load_settings(
            export=[exports],
            listener="demo",
            listener_timezone="Europe/Oslo",
            duckdb_path=Path(chosen) if chosen else folder / "demo.duckdb",
            schema_prefix=os.environ.get("SCHEMA_PREFIX") or prefix,
            **spotify.settings_of(),
            max_calls=10_000,
            max_calls_per_day=100_000,
        )
        _run(settings, listeners=["demo"])


@app.command()
def ingest(
    export: ExportOption = None, listener: ListenerOption = None, timezone: ZoneOption = None
) -> None:
    """Load what is new into the raw tables."""
    if _ingest(_settings(export, listener, timezone)):
        raise typer.Exit(1)


@app.command()
def collect(
    every: Annotated[
        str | None, typer.Option(help="Go on, at this interval: 30s, 5m, 2h. Default: once.")
    ] = None,
    listener: Annotated[
        str | None, typer.Option("--listener", help="Default: everybody who is signed in.")
    ] = None,
    max_calls: Annotated[
        int | None, typer.Option(min=0, help="Calls per poll and listener. Default: 500.")
    ] = None,
    backfill: Annotated[
        bool, typer.Option("--backfill", help="Ask for all plays that Spotify still has.")
    ] = False,
) -> None:
    """Ask Spotify for what is new: plays, lists, and what the catalogue lacks."""
    from ingestion.collect import collect as collect_now
    from ingestion.collect import everybody, interval, keep_collecting
    from ingestion.raw_tables import ensure_raw_tables

    settings = load_settings(listener=listener)
    listeners = everybody(settings, listener)
    with suppress(WarehouseError):  # it is told below, and need not keep anybody from asking
        ensure_raw_tables(settings, listeners)
    if every:
        needs_attention = keep_collecting(
            console, settings, listeners, interval(every), max_calls=max_calls
        )
    else:
        with _progress("Asking") as show:
            needs_attention = collect_now(
                console,
                settings,
                listeners,
                max_calls=max_calls,
                everything=backfill,
                on_progress=show,
            )
    if needs_attention:
        raise typer.Exit(1)


@app.command()
def status() -> None:
    """Say what is collected, how fresh it is, what is missing, when the sign-in ends."""
    from ingestion.status import show_status

    show_status(console, load_settings())


@app.command()
def costs(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="What the next build would be billed for, instead.")
    ] = False,
    every: Annotated[
        bool, typer.Option("--all", help="Every table and model, not only the largest.")
    ] = False,
) -> None:
    """Say what lies in the warehouse, what its queries are billed for, how near the limits are."""
    from ingestion.costs import show_costs, show_dry_run

    settings = load_settings()
    if dry_run:
        show_dry_run(console, settings)
    elif not show_costs(console, settings, datetime.now(UTC), every=every):
        errors.print("[red]spotify-elt:[/] more is used than the limits allow, see above")
        raise typer.Exit(1)


@app.command()
def build(full_refresh: FullRefreshOption = False) -> None:
    """Build and test the dbt models."""
    _build(load_settings(), full_refresh=full_refresh)


@app.command(
    context_settings={
        "allow_extra_args": True,
        "ignore_unknown_options": True,
        "help_option_names": [],
    }
)
def dbt(context: typer.Context) -> None:
    """Run any dbt command on the warehouse: `spotify-elt dbt docs generate`."""
    from ingestion.transform import run_dbt

    if not run_dbt(load_settings(), context.args):
        raise typer.Exit(1)


@app.command()
def summary(listener: ListenerOption = None) -> None:
    """Say once more what the marts hold."""
    from ingestion.summary import show_summary

    show_summary(console, load_settings(listener=listener))


@app.command()
def parquet(
    output: Annotated[Path, typer.Option(help="The folder for the files.")] = PROJECT_ROOT
    / "data"
    / "marts",
) -> None:
    """Write the marts as Parquet, partitioned by listener and month."""
    from ingestion.parquet import write_parquet

    for mart, rows in write_parquet(load_settings(), output):
        console.print(f"{rows:>12,}  {output.name}/{mart}")


@publish_app.command()
def postgres() -> None:
    """Copy the marts to the server of POSTGRES_URL: readers see the old ones until all is there."""
    from ingestion.publish.postgres import publish_to_postgres

    rows = publish_to_postgres(load_settings(), _show_mart)
    console.print(f"{rows:>12,}  rows published")


@publish_app.command()
def athena(
    destination: Annotated[
        str, typer.Argument(help="s3://bucket/prefix, empty or published to before.")
    ],
    glue_database: Annotated[
        str | None,
        typer.Option(help="Point the tables of this database of Glue's to the new files."),
    ] = None,
) -> None:
    """Write the marts to object storage, as Parquet, with the DDL of Athena's tables."""
    from ingestion.publish.athena import publish_to_athena

    rows = publish_to_athena(
        load_settings(), destination, glue_database=glue_database, on_mart=_show_mart
    )
    console.print(f"{rows:>12,}  rows published")


@publish_app.command()
def snowpipe(
    destination: Annotated[str, typer.Argument(help="s3://bucket/prefix.")],
    role_arn: Annotated[
        str | None, typer.Option(help="The role by which Snowflake reads it, for snowpipe.sql.")
    ] = None,
) -> None:
    """Write the plays that the Web API told since the last time, as JSON lines for a Snowpipe."""
    from ingestion.publish.snowpipe import publish_to_snowpipe

    def show(file: str, plays: int) -> None:
        console.print(f"{plays:>12,}  {file}", soft_wrap=True)

    report = publish_to_snowpipe(load_settings(), destination, role=role_arn, on_file=show)
    console.print(f"{report.plays:>12,}  plays published")


@app.command()
def login(
    listener: ListenerOption = None,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Paste the answer's address instead.")
    ] = False,
) -> None:
    """Sign in to Spotify, once in six months; explains how, the first time."""
    from ingestion.login import login as sign_in

    sign_in(console, load_settings(listener=listener), with_browser=not no_browser)


@app.command()
def logout(listener: ListenerOption = None) -> None:
    """Forget a sign-in."""
    from ingestion.login import logout as sign_out

    sign_out(console, load_settings(listener=listener))


@app.command()
def forget(
    listener: Annotated[str, typer.Argument(help="Whose history it is.")],
    export: Annotated[
        str | None,
        typer.Option(
            help="Only what this export has brought: its path, or if it is gone its name, under"
            " which others may have come too."
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete a listener, or what one export has brought, and what was built of it."""
    from ingestion.forget import forget as forget_now

    load_settings(listener=listener)  # refuses what is no name
    settings = load_settings()  # a SPOTIFY_REFRESH_TOKEN is of its LISTENER
    forget_now(console, settings, listener, export, is_agreed=yes)
    _build(settings, only_new=True)


@app.command()
def doctor() -> None:
    """Check settings, sign-ins, Spotify, clock, warehouse and disk; say the cure."""
    from ingestion.doctor import show_checks

    if show_checks(console):
        raise typer.Exit(1)


def _show_mart(mart: str, rows: int) -> None:
    console.print(f"{rows:>12,}  {mart}")


def _settings(export: list[Path] | None, listener: str | None, timezone: str | None) -> Settings:
    return load_settings(export=export, listener=listener, listener_timezone=timezone)


def _run(
    settings: Settings, *, full_refresh: bool = False, listeners: list[str] | None = None
) -> None:
    from ingestion.summary import show_summary

    has_problems = _ingest(settings, listeners)
    _build(settings, full_refresh=full_refresh, only_new=True)
    show_summary(console, settings)
    if has_problems:
        errors.print("[yellow]Something was set aside, see above; all the rest is in.[/]")
        raise typer.Exit(1)


def _ingest(settings: Settings, listeners: list[str] | None = None) -> bool:
    """Import exports, then ask Spotify about those signed in; say whether anything is wrong."""
    from ingestion.spotify_api.tokens import signed_in_listeners

    if listeners is None:
        listeners = signed_in_listeners(settings)
    has_problems = False
    if not listeners or _has_exports(settings):
        has_problems = _import(settings)
    return _ask(settings, listeners) or has_problems


def _has_exports(settings: Settings) -> bool:
    """Whether there is anything to import; who has signed in may have no export yet."""
    is_default = settings.export == Settings.model_fields["export"].default
    return not is_default or any(any(folder.glob("[!.]*")) for folder in settings.export)


def _import(settings: Settings) -> bool:
    from ingestion.spotify_export.importing import import_exports
    from ingestion.summary import show_import

    with _progress("Reading") as show:
        report = import_exports(settings, show)
    show_import(console, report)
    return report.has_problems


def _ask(settings: Settings, listeners: list[str]) -> bool:
    from ingestion.raw_tables import ensure_raw_tables

    ensure_raw_tables(settings, listeners)
    if not listeners:
        return False
    from ingestion.collect import collect as collect_now

    with _progress("Asking") as show:
        return collect_now(console, settings, listeners, on_progress=show)


def _build(settings: Settings, *, full_refresh: bool = False, only_new: bool = False) -> None:
    from ingestion.transform import build_models

    with _progress("Building") as show:
        show(0, 1, "starting dbt")
        report = build_models(settings, show, full_refresh=full_refresh, only_new=only_new)
    if report.models or report.tests:
        stands = "" if report.is_whole else "; the rest stands as it was built"
        stands = "; every month computed anew" if report.is_anew else stands
        console.print(
            f"Built    {report.models} tables and views; {report.tests} data tests passed{stands}",
            soft_wrap=True,
        )
    else:
        console.print("Built    nothing: no raw table has changed since the last build")
    for odd in report.oddities:
        rows = "1 row" if odd.row_count == 1 else f"{odd.row_count:,} rows"
        console.print(f"Odd      {rows} against {odd.test}: see {odd.table}", soft_wrap=True)


@contextmanager
def _progress(title: str) -> Iterator[Callable[[int, int, str], None]]:
    """A bar on a terminal, nothing in a pipe."""
    with Progress(
        TextColumn(f"{title:<8}"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[what]}"),
        console=errors,
        transient=True,
        disable=not errors.is_terminal,
    ) as progress:
        task = progress.add_task(title, what="")

        def show(done: int, total: int, what: str) -> None:
            progress.update(task, completed=done, total=total, what=escape(what))

        yield show


def main() -> None:
    """Run the command line; an error is one line and exit code 1, and a traceback with --debug."""
    try:
        app()
    except Exception as error:
        if os.environ.get("SPOTIFY_ELT_DEBUG"):
            raise
        if isinstance(error, UserError):
            message = str(error)
        else:
            message = f"{type(error).__name__}: {error} (--debug shows where; please report it)"
        errors.print(f"[red]spotify-elt:[/] {escape(' '.join(message.split()))}", soft_wrap=True)
        sys.exit(1)
