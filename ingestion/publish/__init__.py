"""`spotify-elt publish …`: copies for those who read elsewhere, one module for each place.

postgres   the marts, to a server: whole, swapped in one transaction
athena     the marts, as Parquet in object storage: below a fresh prefix, to which tables then point
snowpipe   plays of the Web API, as JSON lines: what is new, in files that are never rewritten
"""
