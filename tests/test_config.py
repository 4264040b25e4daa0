"""Settings are read once, and production does not start on guesses."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

import pytest

from config import Config, Misconfigured

GOOD = {
    "FORUM_ENV": "production",
    "SECRET_KEY": secrets.token_urlsafe(48),
    "SITE_URL": "https://talk.example.org",
}


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY"),
        ({"SECRET_KEY": "a" * 64}, "SECRET_KEY"),
        ({"SITE_URL": ""}, "SITE_URL"),
        ({"SITE_URL": "http://talk.example.org"}, "SITE_URL"),
        ({"SITE_URL": "https://"}, "SITE_URL"),
        ({"FORUM_ENV": "staging"}, "FORUM_ENV"),
        ({"PORT": "eighty"}, "PORT"),
    ],
)
def test_production_says_what_is_missing(tmp_path: Path, change: dict[str, str], word: str) -> None:
    with pytest.raises(Misconfigured, match=word):
        Config.from_environment({**GOOD, "INSTANCE": str(tmp_path), **change})


def test_production_is_what_you_get_without_a_word(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured):
        Config.from_environment({"INSTANCE": str(tmp_path)})
    config = Config.from_environment({**GOOD, "INSTANCE": str(tmp_path)})
    assert config.in_production and config.host_name == "talk.example.org"
    assert config.flask()["SESSION_COOKIE_SECURE"] and "talk.example.org" in config.flask()["TRUSTED_HOSTS"]


def test_development_makes_a_key_of_its_own_and_keeps_it(tmp_path: Path) -> None:
    env = {"FORUM_ENV": "development", "INSTANCE": str(tmp_path)}
    first = Config.from_environment(env)
    assert len(first.secret_key) >= 32 and Config.from_environment(env).secret_key == first.secret_key
    assert stat.S_IMODE(os.stat(tmp_path / "secret_key").st_mode) == 0o600
    assert first.site_url == "http://127.0.0.1:8000"
    assert (
        Config.from_environment({**env, "HOST": "0.0.0.0", "PORT": "9000"}).site_url == "http://0.0.0.0:9000"
    )


@pytest.mark.parametrize("url", ["postgres://u:p@h/d", "postgresql://u:p@h/d"])
def test_a_postgresql_address_as_others_spell_it(tmp_path: Path, url: str) -> None:
    env = {"FORUM_ENV": "development", "INSTANCE": str(tmp_path), "DATABASE_URL": url}
    assert Config.from_environment(env).database_url == "postgresql+psycopg://u:p@h/d"
