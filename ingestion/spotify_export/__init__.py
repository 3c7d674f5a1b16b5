"""The history zip, into raw tables: archive → kinds → reader → source (dlt) → warehouse.

`import_exports` is all that others need. It runs alone as `spotify-elt ingest`.
"""

from ingestion.spotify_export.importing import import_exports
from ingestion.spotify_export.report import FileOutcome, ImportReport, ProblemSeen

__all__ = ["FileOutcome", "ImportReport", "ProblemSeen", "import_exports"]
