"""An extended history of which a file is damaged, beside account data that knows its plays."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.marts.conftest import Home

PLAYS = 150

Row = dict[str, Any]


def both_ways(number: int) -> tuple[Row, Row]:
    """A play as the extended history tells it and as account data does; in no order of time."""
    ended_at = datetime(2023, 5, 1) + timedelta(hours=4 * (number * 77 % PLAYS))
    extended = {
        "ts": f"{ended_at:%Y-%m-%dT%H:%M:%SZ}",
        "ms_played": 200_000,
        "master_metadata_track_name": f"Track {number}",
        "master_metadata_album_artist_name": "Artist",
        "spotify_track_uri": f"spotify:track:{number:022d}",
    }
    account = {
        "endTime": f"{ended_at:%Y-%m-%d %H:%M}",
        "artistName": "Artist",
        "trackName": f"Track {number}",
        "msPlayed": 200_000,
    }
    return extended, account


@pytest.mark.parametrize(("lost", "counted"), [(range(75, 150), 150), (range(149, 150), 149)])
def test_what_a_damaged_file_held_counts_by_account_data(
    home: Home, lost: range, counted: int
) -> None:
    """A file of many plays, and the odd play of a history that is whole."""
    extended, account = zip(*map(both_ways, range(PLAYS)), strict=True)
    (home.folder / "endsong_0.json").write_text(json.dumps(extended[: lost.start]))
    (home.folder / "StreamingHistory_music_0.json").write_text(json.dumps(account))
    exports = [home.folder / "endsong_0.json", home.folder / "StreamingHistory_music_0.json"]
    if len(lost) > 1:
        exports.append(home.folder / "endsong_1.json")
        exports[-1].write_text(json.dumps(extended[lost.start :])[:-30])
    home.ingest(*exports)
    home.build()

    assert home.query("select count(*) from marts.fct_plays where is_counted") == [(counted,)]
    assert home.query(
        "select count(*) from marts.fct_plays"
        " where exclusion_reason = 'covered_by_extended_history'"
    ) == [(PLAYS - counted,)]
