"""The books as Spotify sends them: zips and folders of every era.

    write_export(world, Path("export.zip"), [Extended("extended_2026"), Account(date(2026, 2, 1))])

Names, folders, fields, nulls and units are those of real exports of each era.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Literal
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import msgspec

from simulator.belongings import belongings
from simulator.catalogue import Chapter, Episode, Track
from simulator.dice import dice
from simulator.listener import MODERN_RECORDS, Item, TruePlay
from simulator.records import NO_QUIRKS, Quirks, Record, is_video
from simulator.world import World, stream_records

EraName = Literal["endsong", "extended_2023", "extended_2024", "extended_2026"]
Put = Callable[[str, bytes], None]

FILE_BYTES = 12_000_000
ACCOUNT_ROWS = 10_000
# When the catalogue was tidied: exports made later call some tracks otherwise.
TIDIED_ON = date(2024, 6, 1)
# RFC 5737 and RFC 2606 keep these for examples.
EXAMPLE_ADDRESS = "203.0.113.7"
EXAMPLE_AGENT = "listener.example.com/1.0"

ITEM_FIELDS = (
    "master_metadata_track_name",
    "master_metadata_album_artist_name",
    "master_metadata_album_album_name",
    "spotify_track_uri",
    "episode_name",
    "episode_show_name",
    "spotify_episode_uri",
)
AUDIOBOOK_FIELDS = (
    "audiobook_title",
    "audiobook_uri",
    "audiobook_chapter_uri",
    "audiobook_chapter_title",
)
LAST_FIELDS = (
    "reason_start",
    "reason_end",
    "shuffle",
    "skipped",
    "offline",
    "offline_timestamp",
    "incognito_mode",
)
FIELDS_UNTIL_2023 = (
    "ts",
    "username",
    "platform",
    "ms_played",
    "conn_country",
    "ip_addr_decrypted",
    "user_agent_decrypted",
    *ITEM_FIELDS,
    *LAST_FIELDS,
)
FIRST_FIELDS = ("ts", "platform", "ms_played", "conn_country", "ip_addr")
FIELDS_2024 = (*FIRST_FIELDS, *ITEM_FIELDS, *LAST_FIELDS)
FIELDS_2026 = (*FIRST_FIELDS, *ITEM_FIELDS, *AUDIOBOOK_FIELDS, *LAST_FIELDS)


@dataclass(frozen=True, slots=True)
class Era:
    """How extended history was packed in some years. Endsong rows are in no order."""

    folder: str
    fields: tuple[str, ...]
    split: Literal["endsong", "span", "year"]
    early_skips: bool | None
    early_online_timestamps: bool

    @property
    def has_audiobooks(self) -> bool:
        """Whether a row can tell of a chapter; where it cannot, chapters are left out."""
        return "audiobook_uri" in self.fields


ERAS: dict[EraName, Era] = {
    "endsong": Era("MyData", FIELDS_UNTIL_2023, "endsong", None, early_online_timestamps=True),
    "extended_2023": Era("MyData", FIELDS_UNTIL_2023, "span", None, early_online_timestamps=True),
    "extended_2024": Era(
        "Spotify Extended Streaming History",
        FIELDS_2024,
        "span",
        early_skips=False,
        early_online_timestamps=False,
    ),
    "extended_2026": Era(
        "Spotify Extended Streaming History",
        FIELDS_2026,
        "year",
        early_skips=False,
        early_online_timestamps=False,
    ),
}


@dataclass(frozen=True, slots=True)
class Extended:
    """Extended history of plays that ended in [since, until), days in UTC; None is no bound."""

    era: EraName = "extended_2026"
    until: date | None = None
    since: date | None = None

    def holds(self, play: TruePlay, ended_at: datetime) -> bool:
        """Whether a row of the play that ended then is in it."""
        if play.content_type == "chapter" and not ERAS[self.era].has_audiobooks:
            return False
        return _within(ended_at, self.since, self.until)


@dataclass(frozen=True, slots=True)
class Account:
    """Account data: the year before `until` (a day in UTC, exclusive), and one's belongings.

    `mixed` is the old form: one sort of file, StreamingHistoryN.json, and no audiobooks.
    """

    until: date
    mixed: bool = False

    @property
    def since(self) -> date:
        """First day in it."""
        return self.until - timedelta(days=365)

    def holds(self, play: TruePlay, ended_at: datetime) -> bool:
        """Whether a row of the play that ended then is in it."""
        if play.content_type == "chapter" and self.mixed:
            return False
        return _within(ended_at, self.since, self.until)


Part = Extended | Account


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """One member: its path in the export and the number of plays' rows in it."""

    name: str
    rows: int


@dataclass(frozen=True)
class Export:
    """What was written. `noise` counts the rows of extended files that are no plays, by sort."""

    path: Path
    parts: tuple[Part, ...]
    files: tuple[ExportedFile, ...]
    noise: dict[str, int] = field(default_factory=dict)


def write_export(world: World, output: Path, parts: Sequence[Part]) -> Export:
    """Write parts of a world's books to a zip, or to a folder where the name has no `.zip`.

    The same world and parts give the same bytes.
    """
    files: list[ExportedFile] = []
    noise: Counter[str] = Counter()
    with _package(output) as put:
        for part in parts:
            if isinstance(part, Extended):
                records = _counted(world.records, part, noise)
                files += _write_extended(put, records, part, world.seed)
            else:
                files += _write_account(put, world, part)
    return Export(output, tuple(parts), tuple(files), dict(noise))


def write_listening_history(
    output: Path,
    *,
    plays: int = 1_000_000,
    seed: int = 7,
    start: date = date(2010, 1, 1),
    end: date = date(2026, 2, 1),
    quirks: Quirks = NO_QUIRKS,
) -> Export:
    """Extended history of so many plays, in 2026's form, with no more than two files in memory."""
    part = Extended("extended_2026")
    noise: Counter[str] = Counter()
    records = stream_records(plays, seed=seed, start=start, end=end, quirks=quirks)
    with _package(output) as put:
        files = tuple(_write_extended(put, _counted(records, part, noise), part, seed))
    return Export(output, (part,), files, dict(noise))


def name_in(part: Part, item: Item) -> str | None:
    """What an export calls an item: some tracks have another name since the catalogue's tidying."""
    if isinstance(item, Track) and (part.until is None or part.until >= TIDIED_ON):
        return item.later_name
    return item.name if item else None


# --- extended history ---


def _counted(records: Iterable[Record], part: Extended, noise: Counter[str]) -> Iterator[Record]:
    for record in records:
        if part.holds(record.play, record.ended_at):
            if record.noise:
                noise[record.noise] += 1
            yield record


def _write_extended(
    put: Put, records: Iterable[Record], part: Extended, seed: int
) -> Iterator[ExportedFile]:
    era = ERAS[part.era]
    if era.split == "endsong":
        rng = dice(seed, "endsong")
        records = sorted(records, key=lambda _: rng.random())
    clerk = _Clerk(part)
    shelves = {"Audio": _Shelf("Audio", era), "Video": _Shelf("Video", era)}
    for record in records:
        filmed = era.split != "endsong" and is_video(record.play)
        shelf = shelves["Video" if filmed else "Audio"]
        if shelf.must_close_before(record.ended_at.year):
            yield shelf.close(put, is_last_of_year=shelf.last_year != record.ended_at.year)
        shelf.add(clerk.row(record), record.ended_at.year)
    for shelf in shelves.values():
        if shelf.rows:
            yield shelf.close(put, is_last_of_year=True)


class _Clerk:
    """Writes rows as an era's exports do."""

    def __init__(self, part: Extended) -> None:
        self._part = part
        self._era = ERAS[part.era]
        self._items: dict[str | None, dict[str, str | None]] = {}

    def row(self, record: Record) -> bytes:
        """One row as JSON, fields in the era's order."""
        play = record.play
        row: dict[str, object] = {
            "ts": record.ended_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "username": "listener",
            "platform": play.platform,
            "ms_played": play.ms_played,
            "conn_country": play.conn_country,
            "ip_addr": EXAMPLE_ADDRESS,
            "ip_addr_decrypted": EXAMPLE_ADDRESS,
            "user_agent_decrypted": EXAMPLE_AGENT,
            "reason_start": play.reason_start,
            "reason_end": play.reason_end,
            "shuffle": play.shuffle,
            "skipped": self._skipped(play),
            "offline": play.offline,
            "offline_timestamp": self._offline_timestamp(play),
            "incognito_mode": play.incognito,
        }
        row |= self._item(play.item)
        return msgspec.json.encode({name: row[name] for name in self._era.fields})

    def _item(self, item: Item) -> dict[str, str | None]:
        uri = item.uri if item else None
        if uri not in self._items:
            self._items[uri] = _describe(item, name_in(self._part, item))
        return self._items[uri]

    def _skipped(self, play: TruePlay) -> bool | None:
        if self._era.split == "endsong":
            return None
        return play.skipped if play.ended_at >= MODERN_RECORDS else self._era.early_skips

    def _offline_timestamp(self, play: TruePlay) -> int | None:
        """Milliseconds in endsong files and for early plays, seconds else."""
        if not play.offline_timestamp:
            return play.offline_timestamp
        early = play.ended_at < MODERN_RECORDS
        if early and not play.offline and not self._era.early_online_timestamps:
            return None
        in_ms = early or self._era.split == "endsong"
        return play.offline_timestamp if in_ms else play.offline_timestamp // 1000


def _describe(item: Item, name: str | None) -> dict[str, str | None]:
    fields: dict[str, str | None] = dict.fromkeys((*ITEM_FIELDS, *AUDIOBOOK_FIELDS))
    if isinstance(item, Track):
        fields["master_metadata_track_name"] = name
        fields["master_metadata_album_artist_name"] = item.artist.name
        fields["master_metadata_album_album_name"] = item.album.name
        fields["spotify_track_uri"] = item.uri
    elif isinstance(item, Episode):
        fields["episode_name"] = name
        fields["episode_show_name"] = item.show.name
        fields["spotify_episode_uri"] = item.uri
    elif isinstance(item, Chapter):
        fields["audiobook_title"] = item.audiobook.name
        fields["audiobook_uri"] = item.audiobook.uri
        fields["audiobook_chapter_uri"] = item.uri
        fields["audiobook_chapter_title"] = name
    return fields


class _Shelf:
    """Collects rows of one sort until their file is full or, where the era splits so, the year."""

    def __init__(self, sort: Literal["Audio", "Video"], era: Era) -> None:
        self._sort = sort
        self._era = era
        # indented, every field takes six bytes more and every row nine
        self._overhead = 0 if era.split == "endsong" else 6 * len(era.fields) + 9
        self._number = 0
        self._begin()

    def _begin(self) -> None:
        self.rows: list[bytes] = []
        self._bytes = 0
        self._years: tuple[int, int] | None = None

    @property
    def last_year(self) -> int | None:
        """Year of the last row."""
        return self._years[1] if self._years else None

    def add(self, row: bytes, year: int) -> None:
        """Put in a row that ended in a year (UTC)."""
        self.rows.append(row)
        self._bytes += len(row) + self._overhead
        first, last = self._years or (year, year)
        self._years = (min(first, year), max(last, year))

    def must_close_before(self, year: int) -> bool:
        """Whether the next row, of that year, belongs in another file."""
        if not self.rows:
            return False
        return self._bytes > FILE_BYTES or (self._era.split == "year" and year != self.last_year)

    def close(self, put: Put, *, is_last_of_year: bool) -> ExportedFile:
        """Write the file and begin another."""
        name = f"{self._era.folder}/{self._name(is_last_of_year)}"
        text = b"[" + b",".join(self.rows) + b"]"
        put(name, text if self._era.split == "endsong" else msgspec.json.format(text, indent=2))
        written = ExportedFile(name, len(self.rows))
        self._number = 0 if is_last_of_year and self._era.split == "year" else self._number + 1
        self._begin()
        return written

    def _name(self, is_last_of_year: bool) -> str:
        if self._era.split == "endsong":
            return f"endsong_{self._number}.json"
        first, last = self._years or (0, 0)
        years = f"{first}" if first == last else f"{first}-{last}"
        if self._era.split == "span":
            suffix = f"_{self._number}" if self._sort == "Audio" or self._number else ""
        else:
            suffix = "" if is_last_of_year and not self._number else f"_{self._number + 1}"
        return f"Streaming_History_{self._sort}_{years}{suffix}.json"


# --- account data ---


def _write_account(put: Put, world: World, part: Account) -> Iterator[ExportedFile]:
    folder = "MyData" if part.until.year < 2024 else "Spotify Account Data"
    for sort, rows in _account_rows(world.records, part).items():
        for number, start in enumerate(range(0, len(rows), ACCOUNT_ROWS)):
            page = rows[start : start + ACCOUNT_ROWS]
            name = f"{folder}/StreamingHistory{sort}{number}.json"
            put(name, _pretty(page))
            yield ExportedFile(name, len(page))
    plays = [play for play in world.plays if _within(play.ended_at, None, part.until)]
    for name, content in belongings(world.seed, plays, part.until).items():
        put(f"{folder}/{name}", _pretty(content))
        yield ExportedFile(f"{folder}/{name}", 0)


def _account_rows(
    records: Iterable[Record], part: Account
) -> dict[str, list[dict[str, str | int]]]:
    """Distinct rows by sort of file. Minutes, names and lengths are all that they are told by."""
    sorts: dict[str, dict[tuple[str | int, ...], dict[str, str | int]]] = {}
    for record in records:
        if part.holds(record.play, record.ended_at):
            row = _account_row(record, part)
            rows = sorts.setdefault(_account_sort(record.play, part), {})
            rows.setdefault(tuple(row.values()), row)
    return {sort: list(rows.values()) for sort, rows in sorts.items()}


def _account_sort(play: TruePlay, part: Account) -> str:
    if part.mixed:
        return ""
    return {"episode": "_podcast_", "chapter": "_audiobook_"}.get(play.content_type, "_music_")


def _account_row(record: Record, part: Account) -> dict[str, str | int]:
    play = record.play
    end_time = record.ended_at.strftime("%Y-%m-%d %H:%M")
    name = name_in(part, play.item) or "Unknown Track"
    if isinstance(play.item, Chapter):
        return {
            "endTime": end_time,
            "audiobookName": play.item.audiobook.name,
            "chapterName": name,
            "authorName": play.item.audiobook.author,
            "msPlayed": play.ms_played,
        }
    if isinstance(play.item, Episode) and not part.mixed:
        return {
            "endTime": end_time,
            "podcastName": play.item.show.name,
            "episodeName": name,
            "msPlayed": play.ms_played,
        }
    return {
        "endTime": end_time,
        "artistName": play.creator_name or "Unknown Artist",
        "trackName": name,
        "msPlayed": play.ms_played,
    }


# --- packaging ---


@contextmanager
def _package(output: Path) -> Iterator[Put]:
    output.parent.mkdir(parents=True, exist_ok=True)
    if output.suffix == ".zip":
        with ZipFile(output, "w") as archive:
            # a ZipInfo of our own is always dated 1980, so the same world gives the same bytes
            yield lambda name, content: archive.writestr(ZipInfo(name), content, ZIP_DEFLATED)
        return

    def put(name: str, content: bytes) -> None:
        path = output / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    yield put


def _pretty(content: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(content), indent=2)


def _within(ended_at: datetime, since: date | None, until: date | None) -> bool:
    after = since is None or ended_at >= datetime(since.year, since.month, since.day, tzinfo=UTC)
    return after and (
        until is None or ended_at < datetime(until.year, until.month, until.day, tzinfo=UTC)
    )
