"""What a line of a published play holds, and the SQL by which Snowflake loads such lines.

One list of columns gives the query of the raw table, the keys of a line, the table and the pipe.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

FOLDER: Final = "listening_history"

#: Stands in the DDL until the role is known.
ROLE_TO_FILL_IN: Final = "arn:aws:iam::<account>:role/<role>"


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        name: of the column, and of the key in a line.
        source: the column of the raw table; none for what lies in a table nested in it.
        type: Snowflake's.
        comment: what it says.
        is_required: whether each play has it.
    """

    name: str
    source: str | None
    type: str
    comment: str
    is_required: bool = False


COLUMNS: Final = (
    Column("listener", "listener", "varchar", "Whose account it is.", is_required=True),
    Column(
        "played_at",
        "played_at",
        "timestamp_ntz",
        "When the play ended, UTC, to the millisecond.",
        is_required=True,
    ),
    Column("track_id", "track__id", "varchar", "Id of the track, null for a local file."),
    Column("track_uri", "track__uri", "varchar", "URI of the track."),
    Column("track_name", "track__name", "varchar", "Name of the track."),
    Column("artists", None, "array", "Id and name of each artist of the track, in its order."),
    Column("album_id", "track__album__id", "varchar", "Id of the album."),
    Column("album_name", "track__album__name", "varchar", "Name of the album."),
    Column("isrc", "track__external_ids__isrc", "varchar", "ISRC of the recording."),
    Column("duration_ms", "track__duration_ms", "number(38, 0)", "Length of the track."),
    Column("is_explicit", "track__explicit", "boolean", "Whether its lyrics are explicit."),
    Column(
        "context_type",
        "context__type",
        "varchar",
        "What it was played from: playlist, album, artist, or null.",
    ),
    Column("context_uri", "context__uri", "varchar", "URI of what it was played from."),
    Column(
        "observed_at",
        "observed_at",
        "timestamp_ntz",
        "When Spotify was asked, UTC.",
        is_required=True,
    ),
)

#: What Snowflake adds.
_FILE_NAME: Final = "file_name"


def snowpipe_sql(address: str, role: str | None) -> str:
    """The script that makes the objects by which Snowpipe loads what lies below an address.

    Args:
        address: s3://bucket/prefix.
        role: the ARN of the role by which Snowflake reads the bucket; no key is ever named.
    """
    files = f"{address}/{FOLDER}/"
    width = max(len(column.name) for column in COLUMNS)
    columns = "".join(
        f"    {column.name:<{width}} {column.type}{' not null' if column.is_required else ''}"
        f" comment '{column.comment}',\n"
        for column in COLUMNS
    )
    names = ", ".join([*(column.name for column in COLUMNS), _FILE_NAME])
    values = "".join(
        f"        $1:{column.name}::{column.type.partition('(')[0]},\n" for column in COLUMNS
    )
    return f"""\
-- Plays that `spotify-elt publish snowpipe` writes below {files}, loaded as they come.
-- Once, in a database and a schema of your choice, by who may create integrations.

-- 1. Who may read the bucket: a role of AWS, and no key.
create storage integration if not exists spotify_elt
    type = external_stage
    storage_provider = 'S3'
    enabled = true
    storage_aws_role_arn = '{role or ROLE_TO_FILL_IN}'
    storage_allowed_locations = ('{files}');

-- 2. The role has to trust STORAGE_AWS_IAM_USER_ARN, under STORAGE_AWS_EXTERNAL_ID.
describe integration spotify_elt;

-- 3. Where a line goes.
create file format if not exists {FOLDER}_lines
    type = json
    compression = gzip;

create stage if not exists {FOLDER}_files
    url = '{files}'
    storage_integration = spotify_elt
    file_format = (format_name = '{FOLDER}_lines');

create table if not exists {FOLDER} (
{columns}    {_FILE_NAME:<{width}} varchar not null comment 'The file that held the line.'
)
comment = 'One row per play that the Web API reported, as Spotify reported it.';

create pipe if not exists {FOLDER}_pipe auto_ingest = true as
copy into {FOLDER} ({names})
from (
    select
{values}        metadata$filename
    from @{FOLDER}_files
)
pattern = '.*[.]jsonl[.]gz';

-- 4. The bucket has to notify the queue notification_channel of each object that is created.
show pipes like '{FOLDER}_pipe';

-- 5. What lay there before, if it was written in the last seven days.
alter pipe {FOLDER}_pipe refresh;
"""
