"""What Spotify said, into raw tables. Judges nothing: SQL decides what it means.

Read `cli.py` for the commands, `settings.py` for every variable, `spotify_export/` for the
history zip.
"""
