"""Dates of birth, pupil numbers, telephone numbers, postcodes and e-mail addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator

Found = tuple[str, int, int]

# Unique pupil numbers: a check letter, the local authority and school, the year, a serial (DfE, UPN guide).
UPN_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"
UPN = re.compile(r"(?<![\w-])[A-HJ-NP-RT-Z]\d{11}[\dA-HJ-NP-RT-Z](?![\w-])", re.IGNORECASE)
UPN_SAID = re.compile(r"\bU\.?P\.?N\b|\bpupil (?:number|no)\b|\b(?:number|record|transfer)\b", re.IGNORECASE)

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)"
)
_DAY = r"(?:3[01]|[12]\d|0?[1-9])"
_YEAR = r"(?:(?:19|20)\d\d|['’]?\d\d)"
DATE = re.compile(
    rf"(?<![\d/.-])(?:{_DAY}(?:st|nd|rd|th)?(?: of)? {_MONTH}\.?,? {_YEAR}"
    rf"|{_MONTH}\.? {_DAY}(?:st|nd|rd|th)?,? {_YEAR}"
    rf"|{_DAY}[/.-](?:1[0-2]|0?[1-9])[/.-]{_YEAR}|(?:19|20)\d\d-(?:1[0-2]|0[1-9])-{_DAY})(?![\d/-])",
    re.IGNORECASE,
)
BORN = re.compile(
    r"(?:\bborn(?: on)?(?: the)?|\bd\.?o\.?b\.?|\b(?:date of birth|birth ?date|birthday))"
    r"[\s:=,–-]{0,3}(?:is |was |on |the |given as ){0,2}[(]?$",
    re.IGNORECASE,
)
COHORT = re.compile(
    r"\b(?:children|pupils|those|anyone|everyone|all|cohort)\b.{0,40}$", re.IGNORECASE | re.DOTALL
)
OLDEST = 1930  # whoever was born before is history

# Numbers of people: geographic, personal and mobile. 03, 08 and 09 are services (Ofcom's numbering plan).
PHONE = re.compile(
    r"(?<![\w+./-])(?:(?:\+44|0044)[ -]?(?:\(0\)[ -]?)?|\(?0)[127]\d{1,3}\)?(?:[ -]{0,2}\d){5,8}(?![\w/]|[.-]\d| ?%)"
)
BOOK = re.compile(r"\bIS[BS]N\b[^\n]{0,20}$")
OFFICE = re.compile(
    r"\b(?:office|school|academy|college|reception|switchboard|helpline|hotline|desk|order line|department|council"
    r"|library|hospital|centre|line|fax)\b[^.!?\n]{0,50}$",
    re.IGNORECASE,
)
OWN = re.compile(
    r"\b(?:home|house|my|mine|his|her|their|mother|father|mum|dad|lives?|family|mobile)(?:['’]s)?\b[^.!?\n]{0,40}$",
    re.IGNORECASE,
)

AREAS = frozenset(
    "AB AL B BA BB BD BH BL BN BR BS BT CA CB CF CH CM CO CR CT CV CW DA DD DE DG DH DL DN DT DY E EC EH "
    "EN EX FK FY G GL GU GY HA HD HG HP HR HS HU HX IG IM IP IV JE KA KT KW KY L LA LD LE LL LN LS LU M "
    "ME MK ML N NE NG NN NP NR NW OL OX PA PE PH PL PO PR RG RH RM S SA SE SG SK SL SM SN SO SP SR SS ST "
    "SW SY TA TD TF TN TQ TR TS TW UB W WA WC WD WF WN WR WS WV YO ZE".split()
)
POSTCODE = re.compile(
    r"(?<![^\s(,:>*_])(?:([A-Z]{1,2})\d[A-Z\d]? ?\d[ABD-HJLNP-UW-Z]{2}|([a-z]{1,2})\d[a-z\d]? \d[abd-hjlnp-uw-z]{2})"
    r"(?![^\s),.;:!?*_<])"
)
ORDINAL = re.compile(r"\d(?:st|nd|rd|th)$")
INSTITUTION = re.compile(
    r"\b(?:schools?|academy|college|university|office|offices|centre|library|department|dfes|dfe|ofsted|council|buildings?"
    r"|museum|hospital|hall|church|press|publisher|publishers|ltd|limited|infants?|juniors?|nursery|grammar|hotel|theatre"
    r"|trust|qca|lea|nfer|bbc|becta|ncsl|tta|hmi|union)\b",
    re.IGNORECASE,
)
HOME = re.compile(
    r"\b(?:home|house|lives?|lived|living|family|flat|my address|deliver|moved|walks)\b", re.IGNORECASE
)

EMAIL = re.compile(r"(?<![\w.+%/-])[\w.+%-]{1,64}@(?:[\w-]{1,63}\.){1,8}[a-z]{2,24}(?![\w@-])", re.IGNORECASE)
MASKED = re.compile(r"[a-z]?[0-9a-f]{7,}$", re.IGNORECASE)
ROLES = frozenset(
    "office admin administrator info information enquiries enquiry contact head headteacher principal "
    "senco sen reception school schools hello help helpdesk support bursar finance press team mail post "
    "governors clerk admissions jobs recruitment safeguarding dsl webmaster postmaster noreply reply "
    "training cpd events bookings publications dfes dfe ofsted sales service services feedback editor "
    "library news newsletter secretary staff privacy data foi web abuse attendance".split()
)


def found(text: str) -> Iterator[Found]:
    yield from _births(text)
    yield from _upns(text)
    yield from _phones(text)
    yield from _postcodes(text)
    yield from _emails(text)


def is_upn(code: str) -> bool:
    """True where the first letter is the check letter of the rest."""
    digits = (int(c) if c.isdigit() else UPN_LETTERS.index(c) for c in code[1:].upper())
    total = sum(digit * weight for digit, weight in zip(digits, range(2, 14), strict=True))
    return UPN_LETTERS[total % 23] == code[0].upper()


def _births(text: str) -> Iterator[Found]:
    for date in DATE.finditer(text):
        cue = BORN.search(_before(text, date.start(), 40))
        year = re.search(r"\d{4}", date[0])
        if cue is None or (year and int(year[0]) < OLDEST):
            continue
        if not COHORT.search(_before(text, date.start() - len(cue[0]), 50)):
            yield "birth", date.start(), date.end()


def _upns(text: str) -> Iterator[Found]:
    for code in UPN.finditer(text):
        if is_upn(code[0]) or UPN_SAID.search(_before(text, code.start(), 30)):
            yield "upn", code.start(), code.end()


def _phones(text: str) -> Iterator[Found]:
    for number in PHONE.finditer(text):
        before = _before(text, number.start(), 70)
        if (
            not 9
            <= len(re.sub(r"\D|\(0\)", "", number[0]).removeprefix("0044").removeprefix("44").lstrip("0"))
            <= 10
        ):
            continue
        office = OFFICE.search(before) or BOOK.search(before)
        if office is None or ((own := OWN.search(before)) and own.start() > office.start()):
            yield "phone", number.start(), number.end()


def _postcodes(text: str) -> Iterator[Found]:
    for code in POSTCODE.finditer(text):
        area = (code[1] or code[2]).upper()
        before = _before(text, code.start(), 100)
        home = HOME.search(before)
        loose = code[2] or " " not in code[0]  # so are the names of motorcycles
        if area not in AREAS or ORDINAL.search(code[0]) or (loose and not home):
            continue
        around = re.split(r"[.!?]\s|\n\n", before)[-1] + " " + text[code.end() : code.end() + 20]
        if home or not INSTITUTION.search(around):
            yield "postcode", code.start(), code.end()


def _emails(text: str) -> Iterator[Found]:
    for address in EMAIL.finditer(text):
        local = address[0].partition("@")[0].casefold()
        parts = re.split(r"[._+%-]|\d+", local)
        if not MASKED.match(local) and not ROLES.intersection(parts):
            yield "email", address.start(), address.end()


def _before(text: str, at: int, many: int) -> str:
    return text[max(0, at - many) : max(0, at)]
