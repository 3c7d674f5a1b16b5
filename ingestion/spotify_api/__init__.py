"""The Web API: what Spotify still tells, asked for again and again, as raw tables."""
