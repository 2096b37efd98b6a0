"""The server of the page: on this machine's loopback, and for pages of its own name alone.

A page of another site that a browser shows could otherwise ask this server for its numbers, in its
own name or by having its name lead here (DNS rebinding).
"""

from __future__ import annotations

import socket
import webbrowser
from pathlib import Path
from typing import Any

import panel as pn
from tornado.web import HTTPError, RequestHandler

from ..errors import InputError
from .opening import Opening
from .page import ROOT, Page

ADDRESS = "127.0.0.1"
NAMES = (ADDRESS, "localhost")  # by which a browser may call it
FOREIGN = rf"(?!(?:{'|'.join(name.replace('.', '[.]') for name in NAMES)})$).*"
TITLE = "tokenomics explore"


class ForeignHost(RequestHandler):
    """Refuses what is asked of another name."""

    def prepare(self) -> None:
        """Refuse."""
        raise HTTPError(403, "this page is for this machine alone")


def served(opening: Opening, *, port: int = 0, out: Path | None = None) -> Any:
    """A server of the page that has not begun. port: 0 for any that is free. Raises InputError for
    a network that there is not, and for a port that cannot be had.
    """
    opening.resolved()
    if ROOT not in pn.config.raw_css:
        pn.config.raw_css.append(ROOT)

    def page() -> Any:
        own = Page(opening, out, pn.state.curdoc.add_next_tick_callback)
        pn.state.on_session_destroyed(lambda _: own.close())
        return own.view

    try:
        chosen = port or _free()
        server = pn.io.server.get_server(
            page,
            port=chosen,
            address=ADDRESS,
            websocket_origin=[f"{name}:{chosen}" for name in NAMES],
            title=TITLE,
        )
    except OSError as error:
        raise InputError(
            f"{port} cannot be had ({error.strerror})",
            argument="port",
            expected="a port on which no other program listens, or 0 for any that is free",
        ) from None
    # what Bokeh's own list of origins is about is the socket alone, and not the page before it
    server._tornado.add_handlers(FOREIGN, [(r".*", ForeignHost)])
    return server


def _free() -> int:
    """A port that is free: which one must be known before the server is told whom to answer."""
    with socket.socket() as some:
        some.bind((ADDRESS, 0))
        return int(some.getsockname()[1])


def address(server: Any) -> str:
    """Where a browser finds the page."""
    return f"http://{ADDRESS}:{server.port}/"


def serve(server: Any, browser: bool) -> None:
    """Serve until the command is interrupted. browser: whether to open the page in one."""
    server.start()
    if browser:
        server.io_loop.add_callback(webbrowser.open, address(server))
    try:
        server.io_loop.start()
    finally:
        server.stop()
