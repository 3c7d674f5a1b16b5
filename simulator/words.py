"""Words and patterns from which names are made. Nobody and nothing here exists."""

from collections.abc import Sequence
from random import Random


def _words(text: str, separator: str | None = None) -> tuple[str, ...]:
    return tuple(text.split(separator))


ADJECTIVES = _words(
    "Amber Ashen Borrowed Brittle Careless Cobalt Crooked Distant Drifting Electric Faded Feral "
    "Gentle Gilded Hollow Hidden Idle Ivory Kinder Lesser Lunar Marbled Midwinter Muted Narrow "
    "Nocturnal Opal Pale Patient Quiet Reluctant Restless Saffron Secondhand Silver Sleepless "
    "Slow Sundown Tender Tidal Unfinished Velvet Wandering Weathered Wilder Winter Woolen Yonder"
)
NOUNS = _words(
    "Almanac Antenna Archipelago Atlas Ballroom Beacon Bramble Cartographer Cathedral Cinder "
    "Compass Corridor Daydream Dovecote Estuary Ferryman Foghorn Foxglove Gramophone Greenhouse "
    "Harbour Heather Hourglass Inkwell Juniper Kestrel Lantern Lighthouse Magnolia Meridian "
    "Meteor Monsoon Orchard Paperboat Parade Peninsula Periscope Planetarium Quarry Rivulet "
    "Satellite Sparrow Staircase Starling Swallow Telegraph Thimble Tramline Undertow Vagabond "
    "Viaduct Violet Waterwheel Weathervane Windmill Zeppelin"
)
SYLLABLES = _words(
    "al an bel bri ca da dor el fen gal ha il jo ka lin lo ma mir na nor o or pe quil ra ro sa "
    "sol ta tor u va vel wen yl zo ø å é ü"
)
VERBS = _words(
    "Fold Follow Forget Hold Hum Keep Leave Lend Map Mend Outrun Paint Remember Sail "
    "Shelter Trace Trade Unlearn Visit Wake Water Whistle"
)
PLACES = _words(
    "the Attic|the Last Tram|the North Pier|Platform Eleven|the Empty Pool|Room 412|"
    "the Tall Grass|the Night Bus|the Low Bridge|the Observatory|the Back Row|the Far Shore",
    separator="|",
)
GENRES = _words(
    "indie folk|dream pop|synthpop|art rock|neo soul|chamber pop|post-punk|ambient|downtempo|"
    "garage rock|jazz fusion|alt country|melodic techno|shoegaze|trip hop|bossa nova|nordic folk|"
    "modern classical|math rock|city pop",
    separator="|",
)
TOPICS = _words(
    "Maps|Bread|Tides|Small Rooms|Bridges|Old Radios|Mountains|Typefaces|Bees|Night Trains|Clocks|"
    "Harbours|Islands|Lost Games|Quiet Science|Weather",
    separator="|",
)


def person(rng: Random) -> str:
    """A made-up first and last name."""
    return f"{_invented(rng, 2)} {_invented(rng, 3)}"


def band(rng: Random) -> str:
    """A name for an artist: a person, a band, or one invented word."""
    pattern = rng.random()
    if pattern < 0.30:
        return f"{_one(rng, ADJECTIVES)} {_one(rng, NOUNS)}"
    if pattern < 0.50:
        return f"The {_one(rng, ADJECTIVES)} {_plural(_one(rng, NOUNS))}"
    if pattern < 0.60:
        return f"{_one(rng, NOUNS)} & {_one(rng, NOUNS)}"
    if pattern < 0.88:
        return person(rng)
    return _invented(rng, 3)


def song(rng: Random) -> str:
    """A title for a track."""
    pattern = rng.random()
    if pattern < 0.25:
        return f"{_one(rng, VERBS)} the {_one(rng, NOUNS)}"
    if pattern < 0.45:
        return f"{_one(rng, NOUNS)} from {_one(rng, PLACES)}"
    if pattern < 0.65:
        return f"{_one(rng, ADJECTIVES)} {_one(rng, NOUNS)}"
    if pattern < 0.80:
        return f"{_one(rng, VERBS)} {_one(rng, PLACES)}"
    if pattern < 0.82:
        return f"“{_one(rng, VERBS)}” (Interlude No. {1 + int(rng.random() * 9)})"
    return _one(rng, NOUNS)


def record(rng: Random) -> str:
    """A title for an album."""
    if rng.random() < 0.5:
        return f"{_one(rng, ADJECTIVES)} {_plural(_one(rng, NOUNS))}"
    return f"Songs from {_one(rng, PLACES)}"


def show(rng: Random) -> str:
    """A title for a podcast."""
    return f"{_one(rng, ADJECTIVES)} {_one(rng, TOPICS)}"


def episode(rng: Random, number: int) -> str:
    """A title for an episode: its number and what it is about."""
    return f"#{number}: {_one(rng, VERBS)} the {_one(rng, NOUNS)}, with {person(rng)}"


def book(rng: Random) -> str:
    """A title for an audiobook."""
    return f"The {_one(rng, NOUNS)} of {_one(rng, PLACES)}"


def _one(rng: Random, words: Sequence[str]) -> str:
    return words[int(rng.random() * len(words))]


def _plural(noun: str) -> str:
    return noun if noun.endswith("s") else f"{noun}s"


def _invented(rng: Random, syllables: int) -> str:
    return "".join(_one(rng, SYLLABLES) for _ in range(syllables)).capitalize()
