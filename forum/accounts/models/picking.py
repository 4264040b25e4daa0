"""A school on a form: typed as words, or picked from the register. The same with a script and without."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from forum.accounts.models.finding import Found, find_schools
from forum.accounts.models.schools import School

NOTHING_TYPED = "Enter the name, town, postcode or URN of your school, then find it"


class PicksSchool:
    """What a form can do that has a school on it. It declares four fields: `school`, the text; `school_urn`, the
    number of the school that was picked; `school_asked`, the text that it was picked for; and `find_school`, the
    button that looks for what was typed. Words that were changed after the pick are words alone."""

    school: Any
    school_urn: Any
    school_asked: Any
    find_school: Any
    found: list[Found] | None = None

    @cached_property
    def offers_schools(self) -> bool:
        return School.are_known()

    @property
    def picked(self) -> School | None:
        """The school that the text stands for, if it does."""
        if (self.school.data or "") != (self.school_asked.data or ""):
            return None
        return School.by_urn(self.school_urn.data)

    def look(self) -> None:
        """Find what was typed, to be picked from."""
        if not self.school.data:
            self.school.errors = [NOTHING_TYPED]
            return
        self.found = find_schools(self.school.data)
        self.school_asked.data = self.school.data
        if self.school_urn.data not in [str(each.urn) for each in self.found]:
            self.school_urn.data = None

    def choose(self, school: School | None) -> None:
        """Show `school` as picked, under the name that the form has for it or else the register's."""
        if school is not None:
            self.school.data = self.school.data or school.shown
            self.school_urn.data, self.school_asked.data = str(school.urn), self.school.data
