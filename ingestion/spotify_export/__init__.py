"""The history zip, into raw tables: archive → kinds → reader → examine → source (dlt).

`importing.import_exports` is all that others need. It runs alone as `spotify-elt ingest`. Nothing
is imported here, so that a process which only reads files starts quickly.
"""
