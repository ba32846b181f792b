"""Logging in with an account that one has elsewhere, by OAuth: who is asked, and which of its users are let in.

An account of a provider alone opens nothing: most of them give one to anybody, so that the users are named.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, fields
from pathlib import Path

import panel as pn
from panel.auth import AUTH_PROVIDERS, OAuthLoginHandler, OAuthProvider
from tornado.web import HTTPError, RequestHandler

from workbench.panels.doors import LOGIN
from workbench.session.allowed import LOG

PROVIDERS = ("auth0", "azure", "azurev2", "bitbucket", "generic", "github", "gitlab", "google", "okta")
"""Panel's, less those that take a password or have no secret."""

GENERIC = ("AUTHORIZE_URL", "TOKEN_URL", "USER_URL")
"""What ``extra`` must hold of a provider that Panel does not know by name."""

ANYBODY = "*"


@dataclass(frozen=True)
class OAuth:
    """Who is asked, and who is let in."""

    provider: str
    """One of ``PROVIDERS``."""

    key: str
    """Of this desk, as the provider gave it ("client ID")."""

    secret: str = field(repr=False)
    """The same ("client secret")."""

    users: tuple[str, ...]
    """Names or addresses that are let in, whatever the case of their letters; ``*`` alone for anybody."""

    name: str = ""
    """What of the provider's answer is the name; by default what Panel takes, such as ``login`` or ``email``."""

    redirect: str = ""
    """Where the provider sends people back to, such as ``https://desk.example.org``; by default where they came."""

    extra: dict[str, str] = field(default_factory=dict)
    """What else the provider needs: ``tenant`` of azure, ``url`` of gitlab, ``subdomain`` of auth0, ``scope``, and of
    ``generic`` the addresses ``AUTHORIZE_URL``, ``TOKEN_URL`` and ``USER_URL``."""

    def knows(self, user: str | None) -> bool:
        """Whether a user of the provider is let in."""
        return bool(user) and (self.users == (ANYBODY,) or user.casefold() in {one.casefold() for one in self.users})


def read_oauth(path: str | Path) -> OAuth:
    """What a JSON file says of an OAuth provider: an object of the fields of :class:`OAuth`.

    Raises
    ------
    OSError
        If it cannot be read.
    ValueError
        If it says too little, or what is not understood.
    """
    kinds = {one.name: str for one in fields(OAuth)} | {"users": list, "extra": dict}
    try:
        told = json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is no JSON object of an OAuth provider ({error}); correct it") from error
    told = told if isinstance(told, dict) else {}
    missing = [name for name in ("provider", "key", "secret", "users") if not told.get(name)]
    if missing:
        raise ValueError(f"an OAuth file says provider, key, secret and users, but {path} lacks {', '.join(missing)}")
    odd = [name for name, one in told.items() if name not in kinds or not isinstance(one, kinds[name])]
    if odd or not all(isinstance(one, str) and one for one in told["users"]):
        raise ValueError(
            f"{path} has {', '.join(odd) or 'users'} of another kind than an OAuth file: users is a list of names, "
            "extra an object, provider, key, secret, name and redirect are text"
        )
    if told["provider"] not in PROVIDERS:
        raise ValueError(f"provider in {path} is one of {', '.join(PROVIDERS)}, got {told['provider']!r}")
    lacking = [name for name in GENERIC if not told.get("extra", {}).get(name)] if told["provider"] == "generic" else []
    if lacking:
        raise ValueError(f"of a generic provider {path} says where it is; put {', '.join(lacking)} into extra")
    if ANYBODY in told["users"] and len(told["users"]) > 1:
        raise ValueError(f"users in {path} are names, or * alone for anybody, got both; leave one out")
    return OAuth(**told | {"users": tuple(told["users"])})


def guard_by_oauth(oauth: OAuth) -> dict[str, object]:
    """What ``pn.serve`` is told so that it lets in only users whom the provider vouches for and `oauth` names.

    Parameters
    ----------
    oauth : OAuth
        Provider and users.
    """

    class Login(AUTH_PROVIDERS[oauth.provider]):
        """Panel's, which says so where it ends for somebody who is not named."""

        async def get_authenticated_user(self, *args: object, **asked: object) -> str | None:
            user = await super().get_authenticated_user(*args, **asked)
            if asked.get("code") and not oauth.knows(user):
                LOG.warning("%s came as %r, who is no user of this desk", self.request.remote_ip, str(user)[:100])
                who = str(user)[:100].replace("%", "%%")
                raise HTTPError(403, f"{who} is no user of this desk; ask whoever runs it", reason="Not let in")
            return user

        def log_exception(self, typ: type, value: BaseException, tb: object) -> None:
            if not isinstance(value, HTTPError):  # of the others it was said why
                super().log_exception(typ, value, tb)
            elif value.status_code != 403:
                LOG.warning("%s was not logged in: %s", self.request.remote_ip, str(value.log_message)[:200])

    class Guard(OAuthProvider):
        """Panel's provider for the users that are named."""

        @property
        def get_user_async(self) -> Callable[[RequestHandler], Awaitable[str | None]]:
            found = super().get_user_async

            async def get_user(handler: RequestHandler) -> str | None:
                user = await found(handler)
                return user if oauth.knows(user) else None

            return get_user

        @property
        def login_handler(self) -> type[OAuthLoginHandler]:
            Login._login_endpoint, Login._error_template = self._login_endpoint, self._error_template
            return Login

    pn.config.oauth_provider = oauth.provider
    told = {"oauth_key": oauth.key, "oauth_secret": oauth.secret, "oauth_extra_params": oauth.extra}
    told |= {"oauth_redirect_uri": oauth.redirect} if oauth.redirect else {}
    told |= {"oauth_jwt_user": oauth.name} if oauth.name else {}
    return {"auth_provider": Guard(error_template=str(LOGIN)), "cookie_secret": secrets.token_hex(32), **told}
