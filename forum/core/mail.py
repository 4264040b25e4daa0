"""Mail leaves by SMTP where SMTP_URL names a server; else each mail is a file in instance/mail."""

from __future__ import annotations

import re
import smtplib
import ssl
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate
from functools import cache
from pathlib import Path
from types import TracebackType
from urllib.parse import unquote, urlsplit

import dkim

from config import Config
from forum.core.tokens import sealed

LONGEST_LINE = 900  # characters; RFC 5322 §2.1.1 allows 998 bytes
SIGNED = (
    "From To Subject Date Message-ID In-Reply-To References Reply-To Auto-Submitted Content-Type MIME-Version "
    "Content-Transfer-Encoding List-Id List-Unsubscribe List-Unsubscribe-Post List-Archive"
).split()


def compose(config: Config, to: str, subject: str, text: str, html: str = "", name: str = "") -> EmailMessage:
    """A mail of plain text, and of HTML too where there is some. Header injection is refused by EmailMessage itself (it
    raises ValueError). `name` makes its Message-ID, the same each time it is composed: what is sent twice after all
    can be told for one."""
    message = EmailMessage()
    message["From"] = config.mail_from
    message["To"] = to
    message["Subject"] = re.sub(r"\s+", " ", subject).strip()
    message["Date"] = formatdate()
    message["Message-ID"] = message_id(config, name)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text, cte=_encoding(config, text))
    if html:
        message.add_alternative(html, subtype="html", cte=_encoding(config, html))
    return message


def dressed(config: Config, html: str) -> str:
    """`html` with the look of our mail in its head: mail programs fetch no style sheet."""
    return html.replace("</head>", f"<style>{_look(config.root)}</style></head>", 1)


@cache
def _look(root: Path) -> str:
    return (root / "templates" / "mail" / "look.css").read_text("utf-8")


def message_id(config: Config, name: str) -> str:
    """`<name.seal@host>`: the seal shows that it is ours when it comes back to us."""
    return f"<{name}.{sealed('message', name)[:16]}@{config.host_name or 'localhost'}>"


def named_in(config: Config, id: str) -> str | None:
    """The `name` that a Message-ID of ours was made of; None for any other."""
    found = re.fullmatch(r"<([a-z0-9-]+)\.[a-z0-9]+@[^<>@\s]+>", id.strip())
    return found[1] if found and message_id(config, found[1]) == id.strip() else None


class Line:
    """The way out, held open while there is something to send; `with Line(config) as line: line.send(…)`."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._server: smtplib.SMTP | None = None

    def __enter__(self) -> Line:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()

    def send(self, message: EmailMessage, back_to: str = "") -> None:
        """Hand `message` over; what cannot be delivered comes back to `back_to`, else to its From. Raises OSError or
        smtplib.SMTPException where that fails."""
        if not self._config.smtp_url:
            _to_file(self._config.instance / "mail", message)
            return
        data = _signed(self._config, message.as_bytes(policy=SMTP))
        sender = back_to or message["From"].addresses[0].addr_spec
        to = [address.addr_spec for address in message["To"].addresses]
        try:
            self._open().sendmail(sender, to, data)
        except smtplib.SMTPResponseException:
            raise
        except (OSError, smtplib.SMTPException) as error:
            if not isinstance(error, smtplib.SMTPRecipientsRefused):
                self._server = None
            raise

    def _open(self) -> smtplib.SMTP:
        if self._server is None or self._server.sock is None:
            self._server = _connected(self._config.smtp_url)
        return self._server


def _connected(url: str) -> smtplib.SMTP:
    """`smtp://user:password@host:port` (STARTTLS where offered) or `smtps://…`."""
    parts = urlsplit(url)
    host = parts.hostname or "localhost"
    server: smtplib.SMTP
    if parts.scheme == "smtps":
        server = smtplib.SMTP_SSL(host, parts.port or 465, timeout=20, context=ssl.create_default_context())
    else:
        server = smtplib.SMTP(host, parts.port or 25, timeout=20)
    server.ehlo()
    if parts.scheme != "smtps" and server.has_extn("starttls"):
        server.starttls(context=ssl.create_default_context())
        server.ehlo()
    if parts.username:
        server.login(unquote(parts.username), unquote(parts.password or ""))
    return server


def _encoding(config: Config, text: str) -> str:
    """What no server on the way has reason to change, so that a signature holds; in a file, links stay whole."""
    if text.isascii() and max(map(len, text.split("\n"))) <= LONGEST_LINE:
        return "7bit"
    return "quoted-printable" if config.smtp_url else "8bit"


def _signed(config: Config, data: bytes) -> bytes:
    """`data` with its DKIM signature (RFC 6376) before it, where there is a key."""
    if not config.dkim_key:
        return data
    domain = config.mail_domain.encode()
    present = {line.split(b":", 1)[0].lower() for line in data.split(b"\r\n\r\n", 1)[0].split(b"\r\n")}
    headers = [name.encode() for name in SIGNED if name.lower().encode() in present]
    signature: bytes = dkim.sign(
        data, config.dkim_selector.encode(), domain, _key(config.dkim_key), include_headers=headers
    )
    return signature + data


@cache
def _key(path: str) -> bytes:
    return Path(path).read_bytes()


def _to_file(folder: Path, message: EmailMessage) -> None:
    """The same mail sent twice is the same file."""
    folder.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"[^A-Za-z0-9.]+", "-", str(message["Message-ID"])).strip("-")
    path = folder / f"{name}.eml"
    path.write_bytes(message.as_bytes())
