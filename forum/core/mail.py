"""Mail leaves by SMTP where SMTP_URL names a server; else each mail is a file in instance/mail."""

from __future__ import annotations

import re
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path
from urllib.parse import unquote, urlsplit

from config import Config


def compose(config: Config, to: str, subject: str, text: str) -> EmailMessage:
    """A plain-text mail. Header injection is refused by EmailMessage itself (it raises ValueError)."""
    message = EmailMessage()
    message["From"] = config.mail_from
    message["To"] = to
    message["Subject"] = re.sub(r"\s+", " ", subject).strip()
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain=config.host_name or "localhost")
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text, cte="7bit" if text.isascii() else "8bit")  # links stay whole in a file, too
    return message


def send(config: Config, message: EmailMessage) -> None:
    """Hand `message` over. Raises OSError or smtplib.SMTPException where that fails."""
    if config.smtp_url:
        _by_smtp(config.smtp_url, message)
    else:
        _to_file(config.instance / "mail", message)


def _by_smtp(url: str, message: EmailMessage) -> None:
    """`smtp://user:password@host:port` (STARTTLS where offered) or `smtps://…`."""
    parts = urlsplit(url)
    host = parts.hostname or "localhost"
    server: smtplib.SMTP
    if parts.scheme == "smtps":
        server = smtplib.SMTP_SSL(host, parts.port or 465, timeout=20, context=ssl.create_default_context())
    else:
        server = smtplib.SMTP(host, parts.port or 25, timeout=20)
    with server:
        server.ehlo()
        if parts.scheme != "smtps" and server.has_extn("starttls"):
            server.starttls(context=ssl.create_default_context())
            server.ehlo()
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        server.send_message(message)


def _to_file(folder: Path, message: EmailMessage) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"[^A-Za-z0-9.]+", "-", str(message["Message-ID"])).strip("-")
    path = folder / f"{name}.eml"
    path.write_bytes(message.as_bytes())
