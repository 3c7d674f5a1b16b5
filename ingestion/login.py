"""The sign-in as a conversation on the terminal: an app of one's own, the browser, the answer."""

from __future__ import annotations

import queue
import sys
import webbrowser
from datetime import UTC, datetime
from typing import Final

import typer
from rich.console import Console

from ingestion.errors import UserError
from ingestion.settings import Settings
from ingestion.spotify_api.client import Forbidden, SpotifyError, open_client
from ingestion.spotify_api.errors import WHO_MAY_ASK
from ingestion.spotify_api.sign_in import (
    Authorisation,
    WrongAnswer,
    answers_at,
    is_here,
    missing_scopes,
)
from ingestion.spotify_api.tokens import (
    App,
    SignIn,
    TokenFile,
    app_of,
    sign_out,
    signed_in_listeners,
)

#: Long enough to log in to Spotify, look for a password and read what is asked.
_PATIENCE_SECONDS: Final = 300


def login(console: Console, settings: Settings, *, with_browser: bool) -> None:
    """Sign the listener in, store the sign-in, and say whose account it is.

    Args:
        console: of the terminal.
        settings: of this run; its `listener` signs in.
        with_browser: open a browser here; else the listener pastes the answer.

    Raises:
        UserError: there is no terminal to ask on, Spotify or the listener refuses, the answer
            does not come, or the sign-in cannot be stored.
    """
    if settings.spotify_refresh_token:
        raise UserError(f"SPOTIFY_REFRESH_TOKEN is the sign-in of {settings.listener}: unset it")
    _need_the_file(settings)
    known = app_of(settings)
    app = known or _ask_for_app(console, settings)
    others = set(signed_in_listeners(settings)) - {settings.listener}
    authorisation = Authorisation(settings, app, choose_account=bool(others))
    if with_browser and is_here(settings.spotify_redirect_uri):
        sign_in = _by_browser(console, settings, authorisation)
    else:
        sign_in = _by_pasting(console, authorisation)
    _store(settings, sign_in, new_app=None if known else app)
    _say_who(console, settings, sign_in)


def logout(console: Console, settings: Settings) -> None:
    """Forget the listener's sign-in; the app is kept for the next.

    Raises:
        UserError: the token file cannot be read or written.
    """
    _need_the_file(settings)
    if sign_out(settings, settings.listener):
        console.print(
            f"{settings.listener} is signed out here. To take the permission back at Spotify as"
            " well: https://www.spotify.com/account/apps",
            soft_wrap=True,
        )
    else:
        console.print(f"{settings.listener} was not signed in.")


def _ask_for_app(console: Console, settings: Settings) -> App:
    _need_a_terminal("SPOTIFY_CLIENT_ID is not set")
    console.print(
        "Spotify is asked through an app of your own: free, made in two minutes, if you have"
        " Premium.\n"
        "  1. Log in at https://developer.spotify.com/dashboard\n"
        "  2. Create app: any name, any description\n"
        f"  3. Redirect URI: {settings.spotify_redirect_uri}\n"
        "  4. Tick Web API, agree, save\n"
        "  5. Copy the Client ID from the app's page",
        soft_wrap=True,
    )
    client_id = str(typer.prompt("Client ID")).strip()
    secret = str(
        typer.prompt(
            "Client secret (optional, Enter for none)",
            default="",
            show_default=False,
            hide_input=True,
        )
    ).strip()
    return App(client_id, secret or None)


def _by_browser(console: Console, settings: Settings, authorisation: Authorisation) -> SignIn:
    with answers_at(settings.spotify_redirect_uri) as answers:
        if not webbrowser.open(authorisation.address):
            return _by_pasting(console, authorisation)
        console.print("Agree in the browser. If none has opened, go to", soft_wrap=True)
        console.print(authorisation.address, soft_wrap=True)
        try:
            answer = answers.get(timeout=_PATIENCE_SECONDS)
        except queue.Empty:
            raise UserError(
                f"no answer from the browser in {_PATIENCE_SECONDS // 60} minutes;"
                " where there is no browser: spotify-elt login --no-browser"
            ) from None
        return authorisation.complete(answer, datetime.now(UTC))


def _by_pasting(console: Console, authorisation: Authorisation) -> SignIn:
    _need_a_terminal("there is no browser here")
    console.print("Open this address in a browser, on any machine, and agree:")
    console.print(authorisation.address, soft_wrap=True)
    console.print(
        "The browser then goes to a page that it may not be able to show. Its address is what"
        " counts.",
        soft_wrap=True,
    )
    while True:
        try:
            return authorisation.complete(
                str(typer.prompt("Paste that address")), datetime.now(UTC)
            )
        except WrongAnswer as error:
            console.print(f"{str(error)[0].upper()}{str(error)[1:]}", soft_wrap=True)


def _need_the_file(settings: Settings) -> None:
    if settings.spotify_tokens_json:
        raise UserError("SPOTIFY_TOKENS_JSON takes the place of the token file: unset it")


def _need_a_terminal(why: str) -> None:
    if not sys.stdin.isatty():
        raise UserError(
            f"{why}, and there is no terminal to ask on: run `spotify-elt login` in one, or set"
            " SPOTIFY_CLIENT_ID and SPOTIFY_REFRESH_TOKEN"
        )


def _store(settings: Settings, sign_in: SignIn, *, new_app: App | None) -> None:
    with TokenFile(settings.spotify_tokens).changing() as tokens:
        # what was typed in is kept only now that it worked, else a slip would stay for ever
        if new_app:
            tokens.app = new_app
        tokens.listeners[settings.listener] = sign_in


def _say_who(console: Console, settings: Settings, sign_in: SignIn) -> None:
    who = ""
    try:
        me = open_client(settings, settings.listener, budget=4).call(
            "profile", lambda spotify: spotify.current_user()
        )
        who = f" as {me.get('display_name') or me.get('id')}"
    except Forbidden as error:
        raise UserError(f"{settings.listener} is signed in, but {error}; {WHO_MAY_ASK}") from error
    except SpotifyError as error:
        console.print(f"Signed in; whose account it is could not be asked: {error}")
    console.print(
        f"{settings.listener} is signed in{who}, until {sign_in.ends_at:%Y-%m-%d}. Next:"
        " `spotify-elt collect`",
        soft_wrap=True,
    )
    missing = missing_scopes(sign_in.scope)
    if missing:
        console.print(f"Not granted, and so not collected: {', '.join(missing)}", soft_wrap=True)
