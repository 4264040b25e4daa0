"""Every setting, read from the environment once. The README has the table; a test compares the two."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parent


class Misconfigured(RuntimeError):
    """A setting is missing or cannot be right; the message says which and what to do."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """The site's settings, named as in the environment but in lower case."""

    forum_env: str
    instance: Path
    secret_key: str
    site_url: str
    database_url: str
    smtp_url: str
    mail_from: str
    reply_address: str
    imap_url: str
    mail_secret: str
    dkim_key: str
    dkim_selector: str
    websub_hub: str
    worker: str
    contact: str
    redis_url: str
    files_url: str
    host: str
    port: int
    workers: int
    threads: int
    kept_bytes: int
    trusted_proxies: int
    feed_started: str
    response_supporters: int
    response_days: int
    log_level: str
    study_lasts_days: int
    first_posts_held: int
    queue_hours: tuple[float, float, float]
    safeguarding: str
    second_factor: bool
    testing: bool = False

    @property
    def in_production(self) -> bool:
        return self.forum_env == "production"

    @property
    def root(self) -> Path:
        """Where the project's own folders are."""
        return ROOT

    @property
    def host_name(self) -> str:
        return urlsplit(self.site_url).hostname or ""

    @property
    def mail_domain(self) -> str:
        """The domain of the sender, which DKIM signs for."""
        return parseaddr(self.mail_from)[1].rpartition("@")[2]

    @classmethod
    def from_environment(cls, env: Mapping[str, str] = os.environ) -> Config:
        """Settings from `env`. Raises Misconfigured where production lacks what it must have."""
        forum_env = env.get("FORUM_ENV", "production")
        if forum_env not in ("production", "development"):
            raise Misconfigured(f"FORUM_ENV is {forum_env!r}: it must be production or development.")
        instance = Path(env.get("INSTANCE", ROOT / "instance")).resolve()
        host, port = env.get("HOST", "127.0.0.1"), _whole(env, "PORT", 8000)
        config = cls(
            forum_env=forum_env,
            instance=instance,
            secret_key=env.get("SECRET_KEY", ""),
            site_url=env.get("SITE_URL", "").rstrip("/"),
            database_url=_database_url(env.get("DATABASE_URL", ""), instance),
            smtp_url=env.get("SMTP_URL", ""),
            mail_from=env.get("MAIL_FROM", ""),
            reply_address=_address(env, "REPLY_ADDRESS"),
            imap_url=_imap_url(env.get("IMAP_URL", "")),
            mail_secret=_secret(env, "MAIL_SECRET"),
            dkim_key=_file(env, "DKIM_KEY"),
            dkim_selector=env.get("DKIM_SELECTOR", "conversation"),
            websub_hub=_web_address(env, "WEBSUB_HUB"),
            worker=_one_of(env, "WORKER", ("inside", "apart")),
            contact=env.get("CONTACT", ""),
            redis_url=env.get("REDIS_URL", ""),
            files_url=_files_url(env.get("FILES_URL", ""), instance),
            host=host,
            port=port,
            workers=_whole(env, "WORKERS", 1),
            threads=_whole(env, "THREADS", 4),
            kept_bytes=_whole(env, "KEPT_BYTES", 8 * 1024 * 1024),
            trusted_proxies=_whole(env, "TRUSTED_PROXIES", 0),
            feed_started=env.get("FEED_STARTED", "2026"),
            response_supporters=_whole(env, "RESPONSE_SUPPORTERS", 25),
            response_days=_whole(env, "RESPONSE_DAYS", 20),
            log_level=env.get("LOG_LEVEL", "INFO"),
            study_lasts_days=_whole(env, "STUDY_LASTS_DAYS", 730),
            first_posts_held=_whole(env, "FIRST_POSTS_HELD", 2),
            queue_hours=_hours(env.get("QUEUE_HOURS", "1 4 8")),
            safeguarding=env.get("SAFEGUARDING", ""),
            second_factor=_yes(env, "SECOND_FACTOR", default=forum_env == "production"),
        )
        return config._checked() if config.in_production else config._for_development()

    def flask(self) -> dict[str, object]:
        """The same settings under the names that Flask and its extensions read."""
        return {
            "FORUM": self,
            "SECRET_KEY": self.secret_key,
            "TESTING": self.testing,
            "SQLALCHEMY_DATABASE_URI": self.database_url,
            "MAX_CONTENT_LENGTH": 2 * 1024 * 1024,
            "MAX_FORM_MEMORY_SIZE": 2 * 1024 * 1024,
            "PERMANENT_SESSION_LIFETIME": 12 * 3600,
            "SESSION_COOKIE_HTTPONLY": True,
            "SESSION_COOKIE_SAMESITE": "Lax",
            "SESSION_COOKIE_SECURE": self.in_production,
            "SESSION_REFRESH_EACH_REQUEST": False,
            "REMEMBER_COOKIE_DURATION": 30 * 24 * 3600,
            "REMEMBER_COOKIE_HTTPONLY": True,
            "REMEMBER_COOKIE_SAMESITE": "Lax",
            "REMEMBER_COOKIE_SECURE": self.in_production,
            "WTF_CSRF_TIME_LIMIT": None,
            "RATELIMIT_STORAGE_URI": self.redis_url or "tally://",
            "TRUSTED_HOSTS": [self.host_name, "localhost", "127.0.0.1"] if self.in_production else None,
        }

    def _checked(self) -> Config:
        if len(self.secret_key) < 32:
            raise Misconfigured(
                "Production needs SECRET_KEY: at least 32 random characters, for example from\n"
                "  python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
            )
        if len(set(self.secret_key)) < 12:
            raise Misconfigured("SECRET_KEY is not random: too few different characters.")
        if urlsplit(self.site_url).scheme != "https" or not self.host_name:
            raise Misconfigured(
                "Production needs SITE_URL, the public address, e.g. https://talk.example.org"
            )
        return self._with(
            mail_from=self.mail_from or f"no-reply@{self.host_name}",
            contact=self.contact or f"team@{self.host_name}",
        )

    def _for_development(self) -> Config:
        return self._with(
            secret_key=self.secret_key or _kept_secret(self.instance / "secret_key"),
            site_url=self.site_url or f"http://{self.host}:{self.port}",
            mail_from=self.mail_from or "no-reply@conversation.example",
            contact=self.contact or "team@conversation.example",
        )

    def _with(self, **changes: object) -> Config:
        return Config(**{**self.__dict__, **changes})


def _whole(env: Mapping[str, str], name: str, default: int) -> int:
    try:
        return int(env.get(name, default))
    except ValueError:
        raise Misconfigured(f"{name} is {env[name]!r}: it must be a whole number.") from None


def _one_of(env: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    said = env.get(name, choices[0])
    if said not in choices:
        raise Misconfigured(f"{name} is {said!r}: it must be {' or '.join(choices)}.")
    return said


def _address(env: Mapping[str, str], name: str) -> str:
    said = env.get(name, "")
    if said and not re.fullmatch(r"[A-Za-z0-9._-]{1,20}@[A-Za-z0-9.-]+", said):
        raise Misconfigured(
            f"{name} is {said!r}: it must be a plain address with a short name, without a plus."
        )
    return said


def _web_address(env: Mapping[str, str], name: str) -> str:
    said = env.get(name, "")
    if said and (urlsplit(said).scheme not in ("http", "https") or not urlsplit(said).hostname):
        raise Misconfigured(f"{name} is {said!r}: it must begin with https:// or http://.")
    return said


def _secret(env: Mapping[str, str], name: str) -> str:
    said = env.get(name, "")
    if said and len(said) < 24:
        raise Misconfigured(f"{name} is too short: it needs 24 random characters or more.")
    return said


def _file(env: Mapping[str, str], name: str) -> str:
    said = env.get(name, "")
    if said and not Path(said).is_file():
        raise Misconfigured(f"{name} is {said!r}: there is no such file.")
    return said


def _imap_url(url: str) -> str:
    if url and (urlsplit(url).scheme not in ("imap", "imaps") or not urlsplit(url).username):
        raise Misconfigured("IMAP_URL must be imaps://user:password@host/mailbox.")
    return url


def _hours(said: str) -> tuple[float, float, float]:
    try:
        at_once, soon, ordinary = (float(each) for each in said.split())
    except ValueError:
        raise Misconfigured(f"QUEUE_HOURS is {said!r}: it must be three numbers, like 1 4 8.") from None
    return at_once, soon, ordinary


def _yes(env: Mapping[str, str], name: str, default: bool) -> bool:
    said = env.get(name, "yes" if default else "no")
    if said not in ("yes", "no"):
        raise Misconfigured(f"{name} is {said!r}: it must be yes or no.")
    return said == "yes"


def _database_url(url: str, instance: Path) -> str:
    if not url:
        return f"sqlite:///{instance / 'conversation.db'}"
    for old in ("postgres://", "postgresql://"):
        if url.startswith(old):
            return "postgresql+psycopg://" + url.removeprefix(old)
    return url


def _files_url(url: str, instance: Path) -> str:
    """Where uploaded files are kept. A folder that the web server hands out would show what nobody has looked at."""
    parts = urlsplit(url or (instance / "files").as_uri())
    if not (parts.scheme == "s3" and parts.hostname) and not (
        parts.scheme == "file" and parts.path.strip("/")
    ):
        raise Misconfigured(
            f"FILES_URL must be s3://bucket/prefix or file:///folder, and is {url.split('@')[-1]!r}."
        )
    if parts.scheme == "file" and Path(unquote(parts.path)).resolve().is_relative_to(ROOT / "static"):
        raise Misconfigured("FILES_URL is in static/, which everyone can read. Choose a folder elsewhere.")
    return parts.geturl()


def _kept_secret(path: Path) -> str:
    """A key made on this machine the first time, readable by its owner alone."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(48))
    return path.read_text().strip()
